//! Reads 16-bit samples, microphone and far end in turn, at 16 kHz, and writes the near end.

use std::io::{self, Read, Write};

const FRAMES: u64 = 160; // any number at a time, here up to 10 ms

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut canceller = unecho::Config::new(16000).open()?;
    // The output lags by that many frames: silence brings out the last ones.
    let silence = io::repeat(0).take(4 * canceller.latency() as u64);
    let mut input = io::stdin().lock().chain(silence);
    let mut output = io::stdout().lock();
    let mut bytes = Vec::new();
    while input.by_ref().take(4 * FRAMES).read_to_end(&mut bytes)? > 0 {
        let sample = |at: &[u8]| i16::from_le_bytes([at[0], at[1]]);
        let (mic, far): (Vec<_>, Vec<_>) = bytes
            .chunks_exact(4)
            .map(|frame| (sample(&frame[..2]), sample(&frame[2..])))
            .unzip();
        let mut near = vec![0; mic.len()];
        canceller.process(&mic, Some(&far), &mut near)?;
        for sample in near {
            output.write_all(&sample.to_le_bytes())?;
        }
        bytes.clear();
    }
    Ok(())
}
