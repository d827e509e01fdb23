//! The noise itself, held: a run of an earlier version repeats only if every draw is what it was, on every machine. The numbers
//! here are those of commit b04b073.

use rand::Rng;
use vardrop::noise::{NoiseSource, Purpose, fill_binary, fill_standard_normal};

const PURPOSES: [Purpose; 7] = [
    Purpose::Training,
    Purpose::Initialisation,
    Purpose::Order,
    Purpose::Prediction,
    Purpose::Gradient,
    Purpose::Minibatch,
    Purpose::Resampling,
];

/// FNV-1a over numbers of 32 bits: one number for many.
fn digest(numbers: impl Iterator<Item = u32>) -> u64 {
    numbers.fold(0xcbf2_9ce4_8422_2325, |hash, number| (hash ^ u64::from(number)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn every_purpose_has_the_bits_that_it_always_had() {
    let firsts = PURPOSES.map(|purpose| NoiseSource::for_purpose(purpose, 42, 7).generator().next_u64());
    assert_eq!(
        firsts,
        [
            0x963f_87a3_49e2_6491,
            0x4158_bb3f_ad74_6fef,
            0x465b_d4aa_6fcb_0960,
            0xa6ef_a536_3e54_3d95,
            0x472b_1817_3dc1_5969,
            0x43e6_4e57_91b9_efe6,
            0x2161_ebd1_b7c0_a899
        ]
    );
    // A step's noise is that of training.
    assert_eq!(NoiseSource::new(42, 7).generator().next_u64(), firsts[0]);
}

#[test]
fn a_generator_gives_the_same_bits_in_words_and_in_bytes() {
    let generator = || NoiseSource::new(1, 2).generator();
    let (mut words, mut long, mut bytes) = (generator(), generator(), [0; 10]);
    generator().fill_bytes(&mut bytes);
    let words: Vec<u32> = (0..1_000).map(|_| words.next_u32()).collect();
    let first: Vec<u8> = words[..3].iter().flat_map(|word| word.to_le_bytes()).take(10).collect();
    assert_eq!(bytes[..], first);
    for pair in words.chunks(2) {
        assert_eq!(long.next_u64(), u64::from(pair[0]) | u64::from(pair[1]) << 32);
    }
    assert_eq!(digest(words.into_iter()), 0x5194_5e9b_6f35_242a);
}

/// Over so many draws that a uniform number of few bits, where the half that is added to it counts, is among them.
#[test]
fn normal_and_binary_draws_are_what_they_always_were() {
    let mut row = vec![0f32; 1_000];
    let mut bits = Vec::new();
    for number in 0..200 {
        fill_standard_normal(NoiseSource::new(3, 4).row(number % 4, number), &mut row);
        bits.extend(row.iter().map(|x| x.to_bits()));
    }
    assert_eq!(digest(bits.into_iter()), 0x6a9e_d60c_bff6_15af);
    fill_binary(NoiseSource::new(3, 4).row(1, 5), 0.3, &mut row).unwrap();
    assert_eq!(digest(row.iter().map(|x| x.to_bits())), 0x8d45_594c_d823_0aa5);
}
