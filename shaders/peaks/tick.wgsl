// Next to nothing: what is left of its time is the dispatch. It counts, so
// that the host can see that every one ran, and, as a network's layers do,
// each waits for the one before.
//
//   ticks   [1] u32

@group(0) @binding(0) var<storage, read_write> ticks: array<u32, 1>;

@compute @workgroup_size(1)
fn main() {
    ticks[0] += 1u;
}
