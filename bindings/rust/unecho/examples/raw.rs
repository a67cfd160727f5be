//! Reads 16-bit samples, microphone and far end in turn, at 16 kHz, and writes the near end.

use std::io::{self, Read, Write};

const FRAMES: usize = 160; // 10 ms

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut canceller = unecho::Config::new(16000).open()?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut bytes = [0; 4 * FRAMES];
    let mut near = [0i16; FRAMES];
    while input.read_exact(&mut bytes).is_ok() {
        let sample = |i: usize| i16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]);
        let mic: [i16; FRAMES] = std::array::from_fn(|i| sample(2 * i));
        let far: [i16; FRAMES] = std::array::from_fn(|i| sample(2 * i + 1));
        canceller.process(&mic, Some(&far), &mut near)?;
        for sample in near {
            output.write_all(&sample.to_le_bytes())?;
        }
    }
    Ok(())
}
