//! The statistics as a table.

use resnet_wgpu_bench::text::table::{Alignment, Table};

use crate::result::Statistics;

const COLUMNS: [(&str, Alignment); 12] = [
    ("kernel", Alignment::Left),
    ("share", Alignment::Right),
    ("SIMD", Alignment::Right),
    ("registers", Alignment::Right),
    ("spills", Alignment::Right),
    ("fills", Alignment::Right),
    ("scratch", Alignment::Right),
    ("workgroup memory", Alignment::Right),
    ("occupancy", Alignment::Right),
    ("instructions", Alignment::Right),
    ("FMAs", Alignment::Right),
    ("compile ms", Alignment::Right),
];

/// Returns a table with one row for each kernel. `-` stands for a figure that the driver does not
/// report.
pub fn table(statistics: &Statistics) -> Table {
    let mut table = Table::new(&COLUMNS);
    let number = |n: Option<u32>| n.map_or("-".into(), |n| n.to_string());
    let percent = |x: Option<f64>| x.map_or("-".into(), |x| format!("{:.0} %", 100.0 * x));
    for row in &statistics.kernels {
        let f = &row.figures;
        let name = match &row.refused {
            Some(reason) => format!("{}: refused: {reason}", row.kernel),
            None => row.kernel.clone(),
        };
        table.row(vec![
            name,
            percent(row.share),
            number(f.simd),
            number(f.registers),
            number(f.spills),
            number(f.fills),
            number(f.scratch_bytes),
            number(f.workgroup_bytes),
            number(f.occupancy),
            number(f.instructions),
            percent(f.fma_share),
            format!("{:.0}", row.compile_ms),
        ]);
    }
    table
}
