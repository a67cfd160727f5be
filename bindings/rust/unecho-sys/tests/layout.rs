//! The structs are those of the header: UNECHO_LAYOUT names a program that prints these.

use std::collections::HashMap;
use std::mem::{size_of, MaybeUninit};
use std::process::Command;

use unecho_sys::*;

/// The name of a field, its offset and size.
macro_rules! field {
    ($type:ident, $field:ident) => {{
        fn size<T>(_: *const T) -> usize {
            size_of::<T>()
        }
        let whole = MaybeUninit::<$type>::uninit();
        let at = unsafe { std::ptr::addr_of!((*whole.as_ptr()).$field) };
        let name = format!("{} {}", stringify!($type), stringify!($field));
        (name, vec![at as usize - whole.as_ptr() as usize, size(at)])
    }};
}

macro_rules! fields {
    ($type:ident: $($field:ident)*) => {
        vec![(stringify!($type).to_string(), vec![size_of::<$type>()]), $(field!($type, $field)),*]
    };
}

/// "struct field offset size" or "struct size": the name, and the numbers.
fn parse(line: &str) -> (String, Vec<usize>) {
    let (numbers, names): (Vec<&str>, Vec<&str>) = line
        .split(' ')
        .partition(|word| word.parse::<usize>().is_ok());
    (
        names.join(" "),
        numbers
            .iter()
            .map(|number| number.parse().unwrap())
            .collect(),
    )
}

#[test]
fn structs_are_those_of_the_header() {
    let program = std::env::var_os("UNECHO_LAYOUT").expect("scripts/test-rust.sh sets it");
    let output = Command::new(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let of = ["unecho_config ", "unecho_stats "];
    let expected: HashMap<_, _> = text
        .lines()
        .filter(|line| of.iter().any(|name| line.starts_with(name)))
        .map(parse)
        .collect();
    let mut found = fields!(unecho_config: size message message_size engine model sample_rate
        far_rate far_queue_ms mic_channels mic_channel far_channels align delay_ms
        reference_late_ms whole_hops hops_at_once precision backend linear_tail_ms suppression
        noise_reduction_db comfort_noise high_band record_capacity allocate release user
        onnxruntime cpu cell_limit);
    found.extend(
        fields!(unecho_stats: size frames mic_db far_db out_db peak erle_db
        linear_erle_db far_active_seconds far_silent_seconds aligned confidence delay_ms drift_ppm
        realignments linear_diverged guarded_samples mic_clipped_samples far_clipped_samples
        far_missing_frames far_dropped_frames limited_hops failed_hops mic_now_db far_now_db
        out_now_db erle_now_db near_end_active near_end_seconds),
    );
    let hop = format!("UNECHO_HOP {UNECHO_HOP}");
    assert!(text.lines().any(|line| line == hop));
    assert!(expected.len() > 40);
    assert_eq!(found.into_iter().collect::<HashMap<_, _>>(), expected);
}
