//! Names the kernels that became worse between two files of statistics.

use crate::figures::Figures;
use crate::result::Statistics;

/// A figure of a kernel that became worse.
#[derive(Debug, Clone, PartialEq)]
pub struct Worse {
    /// The kernel's name.
    pub kernel: String,
    /// The figure's name.
    pub figure: &'static str,
    /// The figure before.
    pub before: f64,
    /// The figure after.
    pub after: f64,
}

/// The direction in which a figure is better.
enum Better {
    Less,
    More,
}

type Read = fn(&Figures) -> Option<f64>;

const FIGURES: [(&str, Better, Read); 7] = [
    ("spills", Better::Less, |f| f.spills.map(f64::from)),
    ("fills", Better::Less, |f| f.fills.map(f64::from)),
    ("registers", Better::Less, |f| f.registers.map(f64::from)),
    ("cycles", Better::Less, |f| f.cycles.map(f64::from)),
    ("SIMD width", Better::More, |f| f.simd.map(f64::from)),
    ("occupancy", Better::More, |f| f.occupancy.map(f64::from)),
    ("share of FMAs", Better::More, |f| f.fma_share),
];

/// Returns the figures that became worse, by kernel. A kernel that only one file has is not
/// compared.
pub fn worse(before: &Statistics, after: &Statistics) -> Vec<Worse> {
    let mut all = vec![];
    for a in &after.kernels {
        let Some(b) = before.kernels.iter().find(|b| b.kernel == a.kernel) else {
            continue;
        };
        for (figure, better, read) in &FIGURES {
            let (Some(before), Some(after)) = (read(&b.figures), read(&a.figures)) else {
                continue;
            };
            let worse = match better {
                Better::Less => after > before,
                Better::More => after < before,
            };
            if worse {
                let kernel = a.kernel.clone();
                all.push(Worse {
                    kernel,
                    figure,
                    before,
                    after,
                });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{KernelStatistics, VERSION};

    fn statistics(figures: Figures) -> Statistics {
        Statistics {
            version: VERSION,
            gpu: "a GPU".into(),
            driver: "a driver".into(),
            network: None,
            kernels: vec![KernelStatistics {
                kernel: "conv".into(),
                share: None,
                compile_ms: 1.0,
                refused: None,
                figures,
            }],
        }
    }

    #[test]
    fn only_what_became_worse_is_named() {
        let figures = Figures {
            simd: Some(16),
            registers: Some(64),
            spills: Some(0),
            ..Default::default()
        };
        let before = statistics(figures.clone());
        let after = statistics(Figures {
            simd: Some(8),
            registers: Some(48),
            spills: Some(3),
            fma_share: Some(0.5),
            ..figures
        });
        let found = worse(&before, &after);
        let found: Vec<_> = found
            .iter()
            .map(|w| (w.figure, w.before, w.after))
            .collect();
        assert_eq!(found, [("spills", 0.0, 3.0), ("SIMD width", 16.0, 8.0)]);
        assert_eq!(worse(&before, &before), []);
    }
}
