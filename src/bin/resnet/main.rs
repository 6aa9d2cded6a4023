//! scratch
use resnet_wgpu::gpu::*;
fn main() {
    for a in adapters() { println!("{} {} sub {}-{}", a.index, a.describe(), a.info.subgroup_min_size, a.info.subgroup_max_size); }
    let gpu = Gpu::new(&std::env::args().nth(1).unwrap_or("auto".into()).parse().unwrap()).unwrap();
    println!("{} {:?}", gpu.describe(), gpu.profile());
    let t = std::time::Instant::now();
    resnet_wgpu::verify::kernels(&gpu, 1, 20, |r| println!("{:24} {:3} {:.2e} {}", r.kernel, r.cases, r.worst.relative(), r.worst_case)).unwrap();
    println!("{:?}", t.elapsed());
}
