//! The share of multiply-adds in the hottest loop of a kernel, from the driver's assembly.

/// One line of assembly.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Line<'a> {
    /// A place that branches may name.
    Label(&'a str),
    /// An instruction, or several that one line stands for.
    Instructions {
        count: u32,
        fmas: u32,
        target: Target<'a>,
    },
}

/// The place that an instruction branches to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Target<'a> {
    /// The instruction does not branch.
    Next,
    /// A label.
    Label(&'a str),
    /// A number of instructions, counted from the next one.
    Offset(i64),
}

/// Returns the share of multiply-adds among the instructions of the hottest loop: of all innermost
/// loops, the one with the most multiply-adds. A matrix instruction counts as one multiply-add.
/// `None` if there is no assembly that this module reads, or no loop in it.
pub fn fma_share(listings: &[(String, String)]) -> Option<f64> {
    let (name, text) = listings
        .iter()
        .find(|(name, _)| name.to_ascii_lowercase().contains("assembly"))?;
    let parse: fn(&str) -> Option<Line<'_>> = match name.as_str() {
        "GEN Assembly" => intel,
        "NAK assembly" => nvidia,
        "IR3 Assembly" => adreno,
        _ if text.contains("ACO shader stage") => amd,
        _ if arm_assembly(listings).is_some() => mali,
        _ => return None,
    };
    let lines: Vec<Line<'_>> = text.lines().filter_map(parse).collect();
    hottest(&lines)
}

/// Returns Arm's assembly if PanVK wrote these listings, which have no name of their own.
pub fn arm_assembly(listings: &[(String, String)]) -> Option<&str> {
    let find = |name: &str| listings.iter().find(|listing| listing.0 == name);
    find("NIR shader")?;
    find("Assembly").map(|(_, text)| &text[..])
}

fn hottest(lines: &[Line<'_>]) -> Option<f64> {
    // The loops, as ranges of lines: from the target of a branch back to the branch.
    let loops: Vec<(usize, usize)> = (0..lines.len())
        .filter_map(|end| Some((start(lines, end)?, end)))
        .collect();
    let innermost = loops.iter().filter(|(start, end)| {
        !loops
            .iter()
            .any(|other| other != &(*start, *end) && other.0 >= *start && other.1 <= *end)
    });
    let sums = innermost.map(|&(start, end)| {
        let lines = &lines[start..=end];
        lines.iter().fold((0, 0), |(all, fma), line| match line {
            Line::Instructions { count, fmas, .. } => (all + count, fma + fmas),
            Line::Label(_) => (all, fma),
        })
    });
    let (all, fma) = sums.max_by_key(|(_, fma)| *fma)?;
    (all > 0).then(|| f64::from(fma) / f64::from(all))
}

/// Returns the line to which the instruction of line `at` branches, if it lies before.
fn start(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let Line::Instructions { target, .. } = lines[at] else {
        return None;
    };
    match target {
        Target::Next => None,
        Target::Label(name) => lines[..at].iter().position(|l| *l == Line::Label(name)),
        Target::Offset(offset) => {
            let start = i64::try_from(at).ok()? + 1 + offset;
            usize::try_from(start).ok().filter(|start| *start <= at)
        }
    }
}

fn instructions(count: u32, fmas: u32, target: Option<&str>) -> Option<Line<'_>> {
    Some(Line::Instructions {
        count,
        fmas,
        target: target.map_or(Target::Next, Target::Label),
    })
}

/// Returns the word after `before`.
fn word_after<'a>(line: &'a str, before: &str) -> Option<&'a str> {
    let rest = line.split_once(before)?.1.trim_start();
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    Some(&rest[..end.unwrap_or(rest.len())])
}

/// A line of ACO's program. `v_dual_…` stands for two instructions in one.
fn amd(line: &str) -> Option<Line<'_>> {
    if line.starts_with("BB") {
        return Some(Line::Label(line.trim()));
    }
    let code = line.strip_prefix('\t')?;
    let fma = |word: &str| {
        let word = word.trim_start_matches("v_dual_").trim_start_matches("v_");
        ["fma", "mad_f", "mac_f", "pk_fma", "wmma", "dot2"]
            .iter()
            .any(|name| word.starts_with(name))
    };
    let words = || code.split_whitespace().filter(|w| w.starts_with("v_"));
    let duals = words().filter(|w| w.starts_with("v_dual_")).count() as u32;
    Some(Line::Instructions {
        count: duals.max(1),
        fmas: words().filter(|w| fma(w)).count() as u32,
        target: word_after(code, "block:").map_or(Target::Next, Target::Label),
    })
}

/// A line of brw's assembly. Messages continue on lines that begin with spaces.
fn intel(line: &str) -> Option<Line<'_>> {
    if let Some(label) = line.strip_suffix(':').filter(|l| l.starts_with("LABEL")) {
        return Some(Line::Label(label));
    }
    let code = match line.strip_prefix('(') {
        Some(predicated) => predicated.split_once(") ")?.1,
        None => line,
    };
    let (mnemonic, rest) = code.split_once('(')?;
    if mnemonic.is_empty()
        || !mnemonic
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '.')
    {
        return None;
    }
    let fma = ["mad", "mac", "dpas"].contains(&mnemonic.split('.').next().unwrap_or_default());
    let back = (mnemonic == "while").then(|| word_after(rest, "JIP:"));
    instructions(1, fma.into(), back.flatten())
}

/// A line of NAK's assembly.
fn nvidia(line: &str) -> Option<Line<'_>> {
    if let Some(block) = line.strip_prefix("block") {
        return block
            .split_whitespace()
            .find(|w| w.starts_with('L'))
            .map(Line::Label);
    }
    let code = line.split("//").next().unwrap_or_default().trim();
    if code.is_empty() || code.starts_with('}') {
        return None;
    }
    let fma = ["ffma", "hfma2", "hmma"];
    let fma = code
        .split_whitespace()
        .any(|w| fma.iter().any(|f| w.starts_with(f)));
    let bra = code.contains("bra ").then(|| word_after(code, "bra "));
    instructions(1, fma.into(), bra.flatten())
}

/// A line of ir3's assembly. `(rpt3)` repeats an instruction three times.
fn adreno(line: &str) -> Option<Line<'_>> {
    let code = line.trim();
    if let Some(label) = code.strip_suffix(':').filter(|l| l.starts_with('l')) {
        return Some(Line::Label(label));
    }
    if code.is_empty() || code.starts_with(';') || code.contains(": ") || code.ends_with(':') {
        return None;
    }
    let repeats = word_after(code, "(rpt").and_then(|n| n.parse::<u32>().ok());
    let count = 1 + repeats.unwrap_or(0);
    let fmas = if code.contains("mad.f") { count } else { 0 };
    instructions(count, fmas, word_after(code, "#"))
}

/// A line of Arm's assembly, whose branches count instructions.
fn mali(line: &str) -> Option<Line<'_>> {
    let code = line.strip_prefix("   ")?.trim();
    let target = code
        .starts_with("BRANCHZ")
        .then(|| code.split_once("offset:")?.1.trim().parse().ok());
    (!code.is_empty()).then_some(Line::Instructions {
        count: 1,
        fmas: u32::from(code.starts_with("FMA.") || code.starts_with("+FMA.")),
        target: target.flatten().map_or(Target::Next, Target::Offset),
    })
}

#[cfg(test)]
mod tests {
    use super::fma_share;

    #[track_caller]
    fn assert_share(name: &str, text: &str, expected: f64) {
        let found = fma_share(&[
            ("NIR shader".into(), "loop".into()),
            (name.into(), text.into()),
        ]);
        assert_eq!(found, Some(expected), "{name}");
    }

    #[test]
    fn the_innermost_loop_of_aco() {
        assert_share(
            "Assembly",
            "ACO shader stage: SW (CS)\nBB0\n\t s1: %0:s[0] = s_mov_b32 0\nBB1\n\ts_nop\nBB2\n\
             /* logical preds: BB1 */\n\t v1: %5:v[2] = v_fmac_f32 %1:v[0], %2:v[1], %5:v[2]\n\
             \t v1: %5:v[2], v1: %6:v[3] = v_dual_fmac_f32 %1, %2 :: v_dual_fmac_f32 %1, %2\n\
             \ts_cbranch_scc0 block:BB2\nBB3\n\ts_branch block:BB1\n",
            0.75,
        );
    }

    #[test]
    fn a_loop_of_intel() {
        assert_share(
            "GEN Assembly",
            "mov(8)  g20<1>UD g0.1<0,1,0>UD { align1 };\nLABEL1:\n\
             (+f0.0) if(8)   JIP:  LABEL3 UIP:  LABEL3 { align1 };\n\
             mad(16) g33<1>F g58<8,8,1>F { align1 };\nsend(8) g1 { align1 };\n\
             \u{20}       data MsgDesc: (x) mlen 1 { align1 };\n\
             while(8)        JIP:  LABEL1  { align1 };\nLABEL0:\n",
            0.25,
        );
    }

    #[test]
    fn a_loop_of_nak() {
        assert_share(
            "NAK assembly",
            "block.u 0 L3 [] -> {\n    r0 = mov 1   // delay=1\n} -> [1]\nblock 1 L6 [0] -> {\n\
             \u{20}   r1 = ffma r2 r3 r1   // delay=1\n@!p0    bra L6    // delay=1\n} -> [1]\n",
            0.5,
        );
    }

    #[test]
    fn a_loop_of_ir3() {
        assert_share(
            "IR3 Assembly",
            "; num_ubos: 0\nmov.u32u32 r0.x, 0\nl199:\n(rpt3)mad.f32 r1.x, r2.x, r3.x, r1.x\n\
             (sy)(ss)jump #l199\n",
            0.8,
        );
    }

    #[test]
    fn a_loop_of_valhall() {
        assert_share(
            "Assembly",
            "   IADD.s32 r0, r1, u0\n   FMA.f32 r4, r4, r5, r6\n   BRANCHZ.eq 0x0, offset:-2\n\
             \u{20}  NOP.end\n",
            0.5,
        );
    }

    #[test]
    fn without_a_loop_there_is_no_share() {
        assert_eq!(
            fma_share(&[("NAK assembly".into(), "  nop // x\n".into())]),
            None
        );
        assert_eq!(fma_share(&[]), None);
    }

    #[test]
    fn the_assembly_of_an_unknown_driver_is_not_read() {
        let text = "   FMA.f32 r4, r4, r5, r6\n   BRANCHZ.eq 0x0, offset:-2\n";
        assert_eq!(fma_share(&[("Assembly".into(), text.into())]), None);
    }
}
