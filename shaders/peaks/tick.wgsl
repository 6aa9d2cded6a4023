// Does almost nothing, so that its time is the time of a dispatch. The kernel
// counts, so that the host can check that every dispatch ran. Each dispatch waits
// for the previous one, as the layers of a network do.
//
//   ticks   [1] u32

@group(0) @binding(0) var<storage, read_write> ticks: array<u32, 1>;

@compute @workgroup_size(1)
fn main() {
    ticks[0] += 1u;
}
