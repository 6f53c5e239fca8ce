//! What the code looks like: decoded by somebody else.

use crate::cases::{self, Case};
use crate::machine::PROCESSORS;
use crate::make::Compiler;
use crate::rows::{Row, rows};
use brisk_codegen::isa::Processor;
use brisk_codegen::x64::asm::Features;
use iced_x86::{CpuidFeature, Decoder, DecoderOptions, Instruction, Mnemonic, OpAccess, OpKind};

/// The instructions up to the return, without those of the frame.
fn body(features: Features, row: &Row, case: &Case) -> Vec<Instruction> {
    let code = Compiler::new(Processor::X64(features)).compile(row, case);
    let entry = code.entry as usize;
    let decoder = Decoder::with_ip(64, &code.bytes[entry..], entry as u64, DecoderOptions::NONE);
    let mut body = Vec::new();
    for inst in decoder {
        assert!(!inst.is_invalid(), "{} {case:?}: {body:?}", row.name);
        if inst.mnemonic() == Mnemonic::Ret {
            return body;
        }
        body.push(inst);
    }
    unreachable!("{} returns", row.name)
}

/// Whether a processor has what an instruction needs.
fn has(features: &Features, feature: CpuidFeature) -> bool {
    match feature {
        CpuidFeature::INTEL8086
        | CpuidFeature::INTEL186
        | CpuidFeature::INTEL386
        | CpuidFeature::INTEL486
        | CpuidFeature::X64
        | CpuidFeature::CMOV
        | CpuidFeature::SSE
        | CpuidFeature::SSE2
        | CpuidFeature::SSE3 => true,
        CpuidFeature::SSSE3 => features.ssse3,
        CpuidFeature::SSE4_1 => features.sse41,
        CpuidFeature::SSE4_2 => features.sse42,
        CpuidFeature::AVX => features.avx,
        CpuidFeature::AVX2 => features.avx2,
        CpuidFeature::FMA => features.fma,
        CpuidFeature::BMI1 => features.bmi1,
        CpuidFeature::BMI2 => features.bmi2,
        CpuidFeature::LZCNT => features.lzcnt,
        CpuidFeature::POPCNT => features.popcnt,
        _ => false,
    }
}

/// Also those processors that this one cannot stand in for.
#[test]
fn code_is_for_its_processor() {
    for row in rows() {
        for (name, features) in PROCESSORS {
            // Every lane, with few constants.
            for case in cases::cases(&row).iter().filter(|case| case.kept || case.constants[1].is_some()) {
                for inst in body(features, &row, case) {
                    for &feature in inst.cpuid_features() {
                        let known = has(&features, feature);
                        assert!(known, "{} for {name}: {inst:?} needs {feature:?}", row.name);
                    }
                    let legacy_vector = inst.encoding() == iced_x86::EncodingKind::Legacy
                        && inst
                            .cpuid_features()
                            .iter()
                            .any(|feature| format!("{feature:?}").starts_with("SSE"));
                    assert!(
                        !(features.avx && legacy_vector),
                        "{} for {name}: {inst:?} is slow beside AVX",
                        row.name
                    );
                }
            }
        }
    }
}

/// Without AVX, memory operands of 16 bytes have to be aligned: only constants are.
#[test]
fn unaligned_operands_are_loaded_first() {
    for row in rows() {
        let (_, features) = PROCESSORS[0];
        for case in cases::cases(&row).iter().filter(|case| **case == plain(case.imm)) {
            for inst in body(features, &row, case) {
                let memory = inst.op_kinds().any(|kind| kind == OpKind::Memory);
                let wide = memory && inst.memory_size().size() == 16;
                let aligned = inst.is_ip_rel_memory_operand() || matches!(inst.mnemonic(), Mnemonic::Movups);
                assert!(!wide || aligned, "{}: {inst:?}", row.name);
            }
        }
    }
}

fn plain(imm: u128) -> Case {
    let used = crate::cases::Use::Value;
    Case { imm, constants: [None; 4], same: false, kept: false, crowded: false, narrow: false, used }
}

/// Instructions for an operation whose operands are loaded and whose result is stored, frame not counted.
fn mnemonics(features: Features, name: &str, case: &Case) -> String {
    let rows = rows();
    let row = rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name} is in the table"));
    let frame = [Mnemonic::Push, Mnemonic::Pop, Mnemonic::Leave];
    let body = body(features, row, case);
    let body = body.iter().filter(|inst| !frame.contains(&inst.mnemonic()));
    // What copies the stack pointer to the frame pointer.
    let mut texts: Vec<String> = body.map(|inst| format!("{:?}", inst.mnemonic()).to_lowercase()).collect();
    texts.remove(0);
    texts.join(" ")
}

fn lanes(lane: impl Fn(u8) -> u8) -> u128 {
    u128::from_le_bytes(std::array::from_fn(|at| lane(at as u8)))
}

#[test]
fn patterns_have_instructions_of_their_own() {
    let best = Features::ALL;
    let [_, _, (_, avx), ..] = PROCESSORS;
    let shuffle = |lanes: u128| mnemonics(best, "i8x16_shuffle", &plain(lanes));
    let one = |op: &str| format!("vmovups {op} vmovups");
    let two = |op: &str| format!("vmovups vmovups {op} vmovups");

    assert_eq!(shuffle(lanes(|lane| lane)), one("vmovaps"));
    assert_eq!(shuffle(lanes(|lane| (lane + 4) % 16)), one("vpshufd"));
    assert_eq!(shuffle(lanes(|lane| (lane + 3) % 16)), one("vpalignr"));
    assert_eq!(shuffle(lanes(|_| 0)), one("vpbroadcastb"));
    assert_eq!(shuffle(lanes(|_| 17)), one("vpshufb"));
    assert_eq!(shuffle(lanes(|lane| if lane < 8 { lane ^ 2 } else { lane })), one("vpshuflw"));
    assert_eq!(shuffle(lanes(|lane| if lane < 8 { lane } else { lane ^ 2 })), one("vpshufhw"));
    assert_eq!(shuffle(lanes(|lane| lane + 5)), two("vpalignr"));
    assert_eq!(shuffle(lanes(|lane| (lane + 21) % 32)), two("vpalignr"));
    assert_eq!(shuffle(lanes(|lane| lane / 2 + lane % 2 * 16)), two("vpunpcklbw"));
    assert_eq!(shuffle(lanes(|lane| 8 + lane / 2 + (lane + 1) % 2 * 16)), two("vpunpckhbw"));
    assert_eq!(shuffle(lanes(|lane| lane + lane / 2 % 2 * 16)), two("vpblendw"));
    assert_eq!(shuffle(lanes(|lane| if lane < 8 { lane } else { lane + 8 })), two("vpunpcklqdq"));
    assert_eq!(shuffle(lanes(|lane| if lane < 8 { lane ^ 4 } else { lane + 16 })), two("vshufps"));
    assert_eq!(shuffle(lanes(|lane| lane + lane % 2 * 16)), two("vpshufb vpshufb vpor"));
    let mut zero = plain(lanes(|lane| lane + lane % 2 * 16));
    zero.constants[1] = Some(0);
    assert_eq!(mnemonics(best, "i8x16_shuffle", &zero), one("vpshufb"));

    let folded = |name: &str, op: &str| assert_eq!(mnemonics(avx, name, &plain(0)), one(op), "{name}");
    folded("i32x4_add", "vpaddd");
    folded("v128_andnot", "vpandn");
    folded("f64x2_gt", "vcmppd");
    folded("f32x4_pmin", "vminps");
    folded("i16x8_extend_low_i8x16_s", "vpmovsxbw");
    let narrow = Case { narrow: true, ..plain(0) };
    for (name, op) in [
        ("i16x8_extend_low_i8x16_u", "pmovzxbw"),
        ("i64x2_extend_low_i32x4_s", "pmovsxdq"),
        ("f64x2_promote_low_f32x4", "cvtps2pd"),
    ] {
        assert_eq!(mnemonics(PROCESSORS[0].1, name, &narrow), format!("{op} movups"));
    }
    assert_eq!(mnemonics(best, "i8x16_splat", &narrow), "vpbroadcastb vmovups");
    assert_eq!(mnemonics(best, "i16x8_replace_lane", &narrow), "vmovsd vpinsrw vmovups");
    assert_eq!(mnemonics(best, "i8x16_extract_lane_u", &narrow), "vmovsd vpextrb");
    assert_eq!(mnemonics(avx, "f32x4_splat", &plain(0)), "vbroadcastss vmovups");
    assert_eq!(mnemonics(best, "i8x16_splat", &plain(0)), "mov vmovd vpbroadcastb vmovups");
    assert_eq!(mnemonics(best, "f64x2_splat", &plain(0)), "vmovddup vmovups");
    assert_eq!(mnemonics(best, "i32x4_replace_lane", &plain(2)), one("vpinsrd"));
    assert_eq!(mnemonics(best, "f64x2_replace_lane", &plain(1)), one("vmovhps"));
    assert_eq!(mnemonics(best, "i64x2_extract_lane", &plain(1)), "vmovups vpextrq");

    let mut shift = plain(0);
    shift.constants[1] = Some(35);
    assert_eq!(mnemonics(best, "i32x4_shr_s", &shift), one("vpsrad"));
    assert_eq!(mnemonics(best, "i64x2_shr_s", &shift), one("vpsrad vpsrad vpshufd vpblendw"));
    // A constant is a memory operand, on either side.
    for nth in 0..2 {
        let mut masked = plain(0);
        masked.constants[nth] = Some(lanes(|lane| lane % 4));
        assert_eq!(mnemonics(PROCESSORS[0].1, "v128_and", &masked), "movups pand movups");
    }
    let mut swizzle = plain(0);
    swizzle.constants[1] = Some(lanes(|lane| lane ^ 1));
    assert_eq!(mnemonics(best, "i8x16_swizzle", &swizzle), one("vpshufb"));
    let mut condition = plain(0);
    condition.used = crate::cases::Use::Condition;
    let condition = mnemonics(best, "v128_any_true", &condition);
    assert!(
        condition.contains("vptest") && condition.contains("cmov") && !condition.contains("set"),
        "{condition}"
    );
}

/// Two roundings on every processor: the relaxed instructions mean the same everywhere.
#[test]
fn multiplication_and_addition_stay_apart() {
    for name in ["f32x4_relaxed_madd", "f64x2_relaxed_nmadd"] {
        let text = mnemonics(Features::ALL, name, &plain(0));
        assert!(text.contains("vmul") && !text.contains("fm") && !text.contains("fnm"), "{text}");
    }
}

/// Nothing writes to a register that the system's convention wants kept, nor to the pinned ones, but to give it back.
#[test]
fn pinned_registers_are_left_alone() {
    use iced_x86::{InstructionInfoFactory, Register};
    let mut factory = InstructionInfoFactory::new();
    for row in rows() {
        for (_, features) in PROCESSORS {
            for inst in
                body(features, &row, cases::cases(&row).iter().find(|case| case.kept).expect("a case"))
            {
                for used in factory.info(&inst).used_registers() {
                    let writes =
                        !matches!(used.access(), OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess);
                    let pinned = matches!(used.register().full_register(), Register::R14 | Register::R15);
                    assert!(!(writes && pinned), "{}: {inst:?}", row.name);
                }
            }
        }
    }
}
