//! The bundled sample, which scripts/test-rust.sh decodes into UNECHO_SAMPLES.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs, thread};

use unecho::{Align, Canceller, Channel, Config, Engine, Model, ModelKind, Precision, Status};

const RATE: u32 = 16000;
/// When one side talks alone, in seconds: samples/meeting.json.
const FAR_ALONE: [f64; 2] = [0.6, 8.942];
const NEAR_ALONE: [f64; 2] = [9.842, 16.044];

fn samples_folder() -> PathBuf {
    PathBuf::from(env::var_os("UNECHO_SAMPLES").expect("scripts/test-rust.sh sets UNECHO_SAMPLES"))
}

fn read(name: &str) -> Vec<i16> {
    let bytes = fs::read(samples_folder().join(name)).unwrap();
    bytes
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

fn sample() -> (Vec<i16>, Vec<i16>) {
    (read("mic.s16"), read("far.s16"))
}

fn power(samples: &[i16], [from, to]: [f64; 2]) -> f64 {
    let at = |seconds: f64| (seconds * f64::from(RATE)) as usize;
    let part = &samples[at(from)..at(to)];
    part.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / part.len() as f64
}

/// How much louder, in dB, `after` is than `before`.
fn change(before: &[i16], after: &[i16], when: [f64; 2]) -> f64 {
    10.0 * ((power(after, when) + 1e-9) / power(before, when)).log10()
}

/// The output in chunks of n frames.
fn stream(canceller: &mut Canceller, mic: &[i16], far: &[i16], n: usize) -> Vec<i16> {
    let mut out = vec![0; mic.len()];
    for ((mic, far), out) in mic.chunks(n).zip(far.chunks(n)).zip(out.chunks_mut(n)) {
        canceller.process(mic, Some(far), out).unwrap();
    }
    out
}

#[test]
fn the_echo_goes_and_the_near_end_stays() {
    let (mic, far) = sample();
    let mut canceller = Config::new(RATE).open().unwrap();
    let out = stream(&mut canceller, &mic, &far, 320);
    let late = &out[canceller.latency()..];
    let (echo, near) = (
        change(&mic, late, FAR_ALONE),
        change(&mic, late, NEAR_ALONE),
    );
    println!("echo {echo:.1} dB, near end {near:.2} dB");
    assert!(echo <= -25.0, "{echo}");
    assert!(near.abs() <= 1.0, "{near}");
    let stats = canceller.stats();
    assert_eq!(stats.frames, mic.len() as u64);
    assert!((stats.delay_ms - 22.0).abs() < 2.0, "{}", stats.delay_ms); // samples/README.md
    assert_ne!(canceller.kernels(), "");
}

fn float(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|&x| f32::from(x) / 32768.0).collect()
}

#[test]
fn the_bits_are_those_of_the_command_line() {
    let (mic, far) = sample();
    let (mic, far) = (float(&mic), float(&far));
    let mut canceller = Config::new(RATE).open().unwrap();
    let mut out = vec![0.0f32; mic.len()];
    for ((mic, far), out) in mic
        .chunks(777)
        .zip(far.chunks(777))
        .zip(out.chunks_mut(777))
    {
        canceller.process(mic, Some(far), out).unwrap();
    }
    let bytes = |samples: &[f32]| {
        samples
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect::<Vec<_>>()
    };
    fs::write(samples_folder().join("mic.f32"), bytes(&mic)).unwrap();
    fs::write(samples_folder().join("far.f32"), bytes(&far)).unwrap();
    let status = Command::new(env::var_os("UNECHO_TOOL").expect("UNECHO_TOOL"))
        .args([
            "process",
            "--quiet",
            "--raw",
            "f32le",
            "--chunk",
            "480",
            "--reference-late",
            "0",
        ])
        .args(["mic.f32", "far.f32", "-o", "near.f32"])
        .current_dir(samples_folder())
        .status()
        .unwrap();
    assert!(status.success());
    let expected = fs::read(samples_folder().join("near.f32")).unwrap();
    let late = bytes(&out[canceller.latency()..]);
    assert!(late == expected[..late.len()]);
}

#[test]
fn in_place_after_a_reset_and_in_another_thread() {
    let (mic, far) = sample();
    let (mic, far) = (mic[128000..160000].to_vec(), far[128000..160000].to_vec());
    let mut canceller = Config::new(RATE).open().unwrap();
    let expected = stream(&mut canceller, &mic, &far, 160);
    assert!(expected.iter().any(|x| x.abs() > 300));
    let other = thread::spawn(move || {
        canceller.reset();
        let mut buffer = mic;
        canceller.process_in_place(&mut buffer, Some(&far)).unwrap();
        buffer
    });
    assert!(other.join().unwrap() == expected);
}

#[test]
fn the_next_call_knows_the_echo() {
    let (mic, far) = sample();
    let (first, second) = (48000..128000, 16000..48000);
    // How much louder the first second of two is afterwards.
    let second_call = |canceller: &mut Canceller| {
        let mic = &mic[second.clone()];
        let out = stream(canceller, mic, &far[second.clone()], 320);
        change(mic, &out[canceller.latency()..], [0.0, 1.0])
    };
    let mut fresh = Config::new(RATE).open().unwrap();
    let mut known = Config::new(RATE).open().unwrap();
    stream(&mut known, &mic[first.clone()], &far[first], 320);
    let before = known.stats();
    known.next_call();
    let after = known.stats();
    assert_eq!((before.frames, after.frames), (80000, 0));
    assert_eq!((after.far_active_seconds, after.realignments), (0.0, 0));
    assert_ne!(after.aligned, 0);
    assert!((after.delay_ms - before.delay_ms).abs() <= 1.0);
    // Silent from the first word on, where a fresh stream has to find the echo.
    let (echo, fresh_echo) = (second_call(&mut known), second_call(&mut fresh));
    assert!(echo <= fresh_echo - 20.0, "{echo}, {fresh_echo}");
}

#[test]
fn a_far_end_at_another_rate() {
    let (mic, far) = sample();
    let far: Vec<i16> = far.iter().flat_map(|&x| [x, x]).collect();
    let mut canceller = Config::new(RATE).far_rate(32000).open().unwrap();
    let mut out = vec![0; mic.len()];
    for ((mic, far), out) in mic
        .chunks(320)
        .zip(far.chunks(640))
        .zip(out.chunks_mut(320))
    {
        canceller.push_far(far).unwrap();
        canceller.process(mic, None, out).unwrap();
    }
    let echo = change(&mic, &out[canceller.latency()..], FAR_ALONE);
    assert!(echo <= -25.0, "{echo}");
    let error = canceller
        .process(&[0i16], Some(&[0i16]), &mut [0i16])
        .unwrap_err();
    assert!(error.to_string().contains("push_far"), "{error}");
}

#[test]
fn settings() {
    let (mic, far) = sample();
    let (mic, far) = (&mic[..64000], &far[..64000]);
    let mut changed = Config::new(RATE).open().unwrap();
    let usual = stream(&mut changed, mic, far, 320);
    changed.set_suppression(0.0).unwrap();
    changed.set_noise_reduction_db(10).unwrap();
    changed.set_comfort_noise(true).unwrap();
    changed.reset();
    let config = Config::new(RATE)
        .suppression(0.0)
        .noise_reduction_db(10)
        .comfort_noise(true);
    let expected = stream(&mut config.open().unwrap(), mic, far, 320);
    assert!(stream(&mut changed, mic, far, 320) == expected);
    assert!(change(&usual, &expected, [1.0, 3.9]) > 20.0);
    assert_eq!(
        changed.set_suppression(3.1).unwrap_err().status(),
        Status::Argument
    );

    let channels = Config::new(48000)
        .mic_channels(2, Channel::Mean)
        .far_channels(2)
        .align(Align::Fixed(20.0))
        .precision(Precision::Int8)
        .linear_tail_ms(128)
        .reference_late_ms(10)
        .hops_at_once(1)
        .high_band(false);
    let mut canceller = channels.open().unwrap();
    let mut out = [0.0f32; 960];
    canceller
        .process(&[0.1; 960], Some(&[0.1; 960]), &mut out)
        .unwrap();
    canceller.notify_gap(480, 0).unwrap();
    assert_eq!(canceller.stats().frames, 480);
}

#[test]
fn what_is_wrong_is_named() {
    let refused = |config: Config, status: Status, text: &str| {
        let error = config.open().unwrap_err();
        assert_eq!(error.status(), status);
        assert!(error.to_string().contains(text), "{error}");
    };
    refused(Config::new(7999), Status::SampleRate, "7999");
    refused(
        Config::new(RATE).linear_tail_ms(65),
        Status::Argument,
        "linear_tail_ms",
    );
    refused(
        Config::new(RATE).suppression(f32::NAN),
        Status::Argument,
        "suppression",
    );
    refused(Config::new(u32::MAX), Status::SampleRate, "192000");
    refused(
        Config::new(RATE).mic_channels(1, Channel::Index(u32::MAX)),
        Status::Argument,
        "mic_channel",
    );
    let error = Model::load("nowhere").err().unwrap();
    assert_eq!(error.status(), Status::File);
    assert!(error.to_string().contains("nowhere"), "{error}");

    let mut canceller = Config::new(RATE).whole_hops(true).open().unwrap();
    let mut out = [0i16; 128];
    for (mic, far) in [(127, 127), (128, 127), (0, 0)] {
        assert!(canceller
            .process(&vec![0; mic], Some(&vec![0; far]), &mut out)
            .is_err());
    }
    assert_eq!(
        canceller
            .process(&[0; 1], None, &mut [0i16])
            .unwrap_err()
            .status(),
        Status::Chunk
    );
    assert!(canceller.push_far(&out).is_err());
}

#[test]
fn models() {
    let dtln = Model::builtin(ModelKind::DtlnAec).unwrap();
    let canceller = Config::new(RATE).model(&dtln).open().unwrap();
    let neural = Config::new(RATE)
        .engine(Engine::Neural)
        .model(&dtln.clone())
        .open()
        .unwrap();
    drop(dtln); // the cancellers have references of their own
    assert_eq!((canceller.latency(), neural.latency()), (512, 512));
    let postfilter = Model::builtin(ModelKind::Postfilter).unwrap();
    assert_eq!(
        Config::new(RATE)
            .model(&postfilter)
            .open()
            .unwrap()
            .latency(),
        256
    );
}

#[test]
#[cfg(unix)]
fn a_model_whose_path_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(b"unecho-\xff\xe9");
    let path = env::temp_dir().join(name).with_extension("onnx");
    let models = PathBuf::from(env::var("UNECHO_MODELS").unwrap());
    fs::copy(models.join("unecho-post.onnx"), &path).unwrap();
    let loaded = Model::load(&path);
    fs::remove_file(&path).unwrap();
    loaded.unwrap();
}

#[test]
fn whole_recordings() {
    let (mic, far) = sample();
    let near = unecho::process(&float(&mic), &float(&far[..160000]), RATE).unwrap();
    assert_eq!(near.len(), mic.len());
    let near: Vec<i16> = near.iter().map(|x| (x * 32768.0) as i16).collect();
    assert!(change(&mic, &near, FAR_ALONE) <= -25.0);
}

/// examples/raw.rs, which cargo builds beside the tests: the last part of a chunk, and what the
/// output lags.
#[test]
fn the_example_brings_out_every_frame() {
    let (mic, far) = sample();
    let n = 16000 + 69;
    let mut canceller = Config::new(RATE).open().unwrap();
    let padded = |end: &[i16]| [&end[..n], &vec![0; canceller.latency()]].concat();
    let (mic, far) = (padded(&mic), padded(&far));
    let expected = stream(&mut canceller, &mic, &far, 320);

    let program = env::current_exe().unwrap();
    let program = program.ancestors().nth(2).unwrap().join("examples/raw");
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input: Vec<u8> = (0..n)
        .flat_map(|i| [mic[i], far[i]])
        .flat_map(i16::to_le_bytes)
        .collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let expected: Vec<u8> = expected.into_iter().flat_map(i16::to_le_bytes).collect();
    assert_eq!(output.stdout.len(), expected.len());
    assert!(output.stdout == expected);
}

#[test]
fn the_version_is_the_package_s() {
    assert_eq!(unecho::version(), env!("CARGO_PKG_VERSION"));
}
