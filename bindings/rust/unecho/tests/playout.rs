//! What an agent plays: sooner than it is heard, interrupted. A room of 250 ms, a microphone of 16
//! kHz, chunks of 20 ms; the far end of the bundled sample, which scripts/test-rust.sh decodes.

use std::{env, fs, path::PathBuf};

use unecho::{Canceller, Config, Playout, Status};

const RATE: usize = 16000;
const STEP: usize = 320;
// The agent speaks from 0.5 to 5 s, of a sentence of 8 s, and later answers.
const BEGINS: usize = RATE / 2;
const CUT: usize = 5 * RATE;

fn far() -> Vec<f32> {
    let folder = PathBuf::from(env::var_os("UNECHO_SAMPLES").expect("scripts/test-rust.sh"));
    let bytes = fs::read(folder.join("far.s16")).unwrap();
    let sample = |pair: &[u8]| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0;
    bytes.chunks_exact(2).map(sample).collect()
}

/// What the agent says, and what it answers: 8.3 and 7.3 s.
fn speech() -> (Vec<f32>, Vec<f32>) {
    let far = far();
    (
        far[RATE * 6 / 10..RATE * 89 / 10].to_vec(),
        far[RATE * 169 / 10..RATE * 242 / 10].to_vec(),
    )
}

/// Numbers from -1 to 1, always the same ones.
fn noise() -> impl FnMut() -> f32 {
    let mut state = 1u64;
    move || {
        state = state * 48271 % 0x7fff_ffff;
        (state as f64 / f64::from(0x3fff_ffff) - 1.0) as f32
    }
}

/// The echo, 20 ms late, and noise of a tenth of a step of 8 bits.
fn room(played: &[f32]) -> Vec<f32> {
    let mut random = noise();
    let path: Vec<f32> = (0..3680)
        .map(|i| 0.087 * random() * (-(i as f32) / 600.0).exp())
        .collect();
    let mut heard: Vec<f32> = played.iter().map(|_| 5e-4 * random()).collect();
    for (i, &x) in played.iter().enumerate().filter(|(_, &x)| x != 0.0) {
        let later = heard.iter_mut().skip(i + STEP);
        later.zip(&path).for_each(|(y, h)| *y += h * x);
    }
    heard
}

/// In the half second from the 20 ms on in which the echo comes.
fn reduction(mic: &[f32], out: &[f32], begins: usize) -> f32 {
    let power = |samples: &[f32]| {
        let heard = &samples[begins + RATE / 50..begins + RATE / 2];
        heard.iter().map(|x| x * x).sum::<f32>() + 1e-12
    };
    10.0 * (power(mic) / power(out)).log10()
}

fn open() -> Canceller {
    Config::new(RATE as u32)
        .far_rate(RATE as u32)
        .open()
        .unwrap()
}

#[test]
fn an_agent_is_interrupted_and_answers() {
    let (sentence, answer) = speech();
    // A pause of less than 100 ms is lateness to the library, unless it is told what was played.
    for pause in [RATE / 25, RATE * 3 / 5] {
        let answers = CUT + pause;
        let mut played = vec![0.0; answers + RATE];
        played[BEGINS..CUT].copy_from_slice(&sentence[..CUT - BEGINS]);
        played[answers..].copy_from_slice(&answer[..RATE]);
        let mic = room(&played);
        let mut out = vec![0.0; mic.len()];
        let (mut canceller, mut playout) = (open(), Playout::new(RATE as u32, 1));
        for (i, (mic, out)) in mic.chunks(STEP).zip(out.chunks_mut(STEP)).enumerate() {
            match i * STEP {
                BEGINS => playout.play(&sentence).unwrap(),
                CUT => playout.interrupt(),
                at if at == answers => playout.play(&answer).unwrap(),
                _ => (),
            }
            canceller.process_playout(mic, &mut playout, out).unwrap();
        }
        let out = &out[canceller.latency()..];
        for begins in [4 * RATE, answers] {
            let found = reduction(&mic, out, begins);
            println!("{found:.0} dB");
            assert!(found > 60.0, "{found}");
        }
        assert_eq!(canceller.stats().far_missing_frames, 0);
    }
}

#[test]
fn any_chunk_gives_the_same_bits() {
    let (far, _) = speech();
    let far = &far[..3 * RATE];
    let mic = room(far);
    let mut canceller = open();
    let mut expected = vec![0.0; mic.len()];
    for ((mic, far), out) in mic
        .chunks(STEP)
        .zip(far.chunks(STEP))
        .zip(expected.chunks_mut(STEP))
    {
        canceller.push_far(far).unwrap();
        canceller.process(mic, None, out).unwrap();
    }
    for n in [STEP, 777, mic.len()] {
        canceller.reset();
        let mut playout = Playout::new(RATE as u32, 1);
        playout.play(&far[..777]).unwrap();
        let rest: Vec<i16> = far[777..].iter().map(|x| (x * 32768.0) as i16).collect();
        playout.play(&rest).unwrap();
        let mut out = vec![0.0; mic.len()];
        for (mic, out) in mic.chunks(n).zip(out.chunks_mut(n)) {
            canceller.process_playout(mic, &mut playout, out).unwrap();
        }
        assert!(out == expected, "chunks of {n}");
        assert_eq!(
            (playout.waiting(), canceller.stats().far_dropped_frames),
            (0, 0)
        );
    }
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_taken() {
    let mut playout = Playout::new(24000, 1);
    playout.play(&[0i16; 480]).unwrap();
    let rate = Config::new(16000);
    let mut out = [0i16; 320];
    for config in [
        rate,
        Config::new(16000).far_rate(16000),
        Config::new(16000).far_rate(24000).far_channels(2),
    ] {
        let mut canceller = config.open().unwrap();
        let error = canceller.process_playout(&[0; 320], &mut playout, &mut out);
        assert!(error.unwrap_err().to_string().contains("far_rate"));
    }
    let mut canceller = Config::new(16000).far_rate(24000).open().unwrap();
    assert!(canceller
        .process_playout(&[0; 319], &mut playout, &mut out)
        .is_err());
    let mut hops = Config::new(16000).far_queue_ms(100).whole_hops(true);
    hops = hops.engine(unecho::Engine::Linear);
    let mut whole = Playout::new(16000, 1);
    whole.play(&[0i16; 480]).unwrap();
    let error = hops
        .open()
        .unwrap()
        .process_playout(&[0; 320], &mut whole, &mut out);
    assert_eq!(error.unwrap_err().status(), Status::Chunk);
    assert_eq!((playout.waiting(), whole.waiting()), (480, 480));
    assert!(Playout::new(24000, 2).play(&[0i16; 3]).is_err());

    let error = canceller.set_suppression(f32::NAN).unwrap_err();
    assert!(error.to_string().contains("suppression"), "{error}");
    let error = canceller.set_noise_reduction_db(61).unwrap_err();
    assert!(error.to_string().contains("noise_reduction_db"), "{error}");
}
