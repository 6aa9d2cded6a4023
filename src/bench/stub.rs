#![allow(missing_docs)]
use super::*;
use crate::{DeviceSelector, Error, Gpu};
use std::time::Duration;
pub fn peaks(s: &DeviceSelector, b: Duration, p: impl FnMut(&str)) -> Result<Peaks, Error> {
    peaks_on(&Gpu::new(s)?, b, p)
}
pub fn peaks_on(_: &Gpu, _: Duration, _p: impl FnMut(&str)) -> Result<Peaks, Error> {
    Ok(Peaks {
        clock: Clock::Wall,
        fma_f32_gflops: 150.0,
        fma_f16_gflops: None,
        cooperative_matrix: vec![],
        memory_gbytes_per_second: 15.0,
        memory_buffer_bytes: 1,
        dispatch_us: 1.0,
        round_trip_us: 1.0,
        upload_gbytes_per_second: 1.0,
        readback_gbytes_per_second: 1.0,
        not_measured: vec![],
    })
}
pub mod text {
    use super::*;
    pub fn table(r: &Report) -> String {
        let mut r = r.clone();
        for w in &mut r.rows {
            w.profile = None;
        }
        serde_json::to_string_pretty(&r).unwrap()
    }
    pub fn markdown(r: &Report) -> String {
        table(r)
    }
    pub fn csv(r: &Report) -> String {
        table(r)
    }
}
