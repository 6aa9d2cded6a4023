//! Checks that a session creates nothing after its first run: no allocation in this crate's own
//! code, no buffer, texture, bind group or pipeline, and no device memory.
//!
//! The test sees every allocation of the process with its call stack. Only wgpu's own allocations,
//! for the commands that it records, are allowed. The test runs on every adapter of this machine,
//! with values in either storage.

use std::fmt::Write;
use std::path::Path;

use resnet_wgpu::low_level::kernels::Storage;
use resnet_wgpu::low_level::with_storage;
use resnet_wgpu::{
    DeviceSelector, Gpu, Images, InputForm, Model, Precision, Session, SessionOptions, adapters,
};
use serde_json::Value;

/// Records the call stack of each allocation while a profiler exists.
#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The names of wgpu's functions that create objects on the device. None may be on the stack of an
/// allocation.
const MAKERS: [&str; 6] = [
    "create_bind_group",
    "create_buffer",
    "create_compute_pipeline",
    "create_query_set",
    "create_shader_module",
    "create_texture",
];

/// The owner of the code of a stack frame.
#[derive(PartialEq)]
enum Owner {
    This,
    Wgpu,
    Other,
}

/// Finds the owner by the folder of the source file. Names say less, because release builds have
/// names without paths.
fn owner(file: &Path) -> Owner {
    if file.starts_with(env!("CARGO_MANIFEST_DIR")) {
        return Owner::This;
    }
    let folders: Vec<_> = file.iter().map(|f| f.to_string_lossy()).collect();
    let source = folders.iter().rposition(|folder| folder == "src");
    match source.and_then(|at| folders.get(at.checked_sub(1)?)) {
        Some(name) if name.starts_with("wgpu") => Owner::Wgpu,
        _ => Owner::Other,
    }
}

/// A function on a stack.
struct Frame {
    owner: Owner,
    text: String,
}

/// Returns the functions at an address, inlined functions first.
fn frames(address: &str) -> Vec<Frame> {
    let address = address.trim_start_matches("0x");
    let address = usize::from_str_radix(address, 16).unwrap();
    let mut frames = vec![];
    backtrace::resolve(address as *mut _, |symbol| {
        let file = symbol.filename().unwrap_or(Path::new(""));
        let name = symbol.name().map(|n| n.to_string()).unwrap_or_default();
        frames.push(Frame {
            owner: owner(file),
            text: format!(
                "{name}, {}:{}",
                file.display(),
                symbol.lineno().unwrap_or(0)
            ),
        });
    });
    frames
}

/// Returns whether an allocation belongs to wgpu; `stack` starts with the innermost frame. Of the
/// frames of wgpu and this crate, the nearest to the allocator decides. Other crates' code
/// (collections, wakers) belongs to its caller.
fn is_wgpu(stack: &[Frame]) -> bool {
    let nearest = stack.iter().find(|f| f.owner != Owner::Other);
    let made = |f: &Frame| MAKERS.iter().any(|maker| f.text.contains(maker));
    nearest.is_some_and(|f| f.owner == Owner::Wgpu) && !stack.iter().any(made)
}

/// Returns the stacks of all allocations during `act` that do not belong to wgpu, as text, and the
/// number of wgpu's allocations.
fn allocations(act: impl FnOnce()) -> (String, u64) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("heap.json");
    let profiler = dhat::Profiler::builder()
        .file_name(&file)
        .trim_backtraces(None)
        .build();
    act();
    drop(profiler);
    let heap: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let table = heap["ftbl"].as_array().unwrap().iter();
    let table: Vec<&str> = table.map(|frame| frame.as_str().unwrap()).collect();
    let (mut others, mut wgpu) = (String::new(), 0);
    for place in heap["pps"].as_array().unwrap() {
        let stack = place["fs"].as_array().unwrap().iter();
        // Each entry reads `0x55d0: name (file:line:column)`. An address repeats for each inlined
        // function.
        let addresses = stack.filter_map(|at| table[at.as_u64()? as usize].split(':').next());
        let mut addresses: Vec<&str> = addresses.collect();
        addresses.dedup();
        let stack: Vec<Frame> = addresses.into_iter().flat_map(frames).collect();
        let blocks = place["tbk"].as_u64().unwrap();
        if is_wgpu(&stack) {
            wgpu += blocks;
            continue;
        }
        writeln!(others, "\n{blocks} ×").unwrap();
        for frame in &stack {
            writeln!(others, "  {}", frame.text).unwrap();
        }
    }
    (others, wgpu)
}

/// Returns the number of device allocations, their bytes and the reserved bytes, or `None` if the
/// backend does not report them.
fn device_memory(gpu: &Gpu) -> Option<(usize, u64, u64)> {
    let report = gpu.device().generate_allocator_report()?;
    let (taken, reserved) = (report.total_allocated_bytes, report.total_reserved_bytes);
    Some((report.allocations.len(), taken, reserved))
}

/// Images in both forms.
struct Pictures {
    floats: Vec<f32>,
    bytes: Vec<u8>,
}

impl Pictures {
    fn new(numbers: usize) -> Self {
        Self {
            floats: vec![0.25; numbers],
            bytes: vec![64; numbers],
        }
    }

    fn of(&self, form: InputForm, numbers: usize) -> Images<'_> {
        match form {
            InputForm::F32 => Images::F32(&self.floats[..numbers]),
            _ => Images::Rgb8(&self.bytes[..numbers]),
        }
    }
}

/// Starts as many batches as may be in flight, and then reads all of their outputs.
fn rounds(session: &Session, images: Images<'_>, mut between: impl FnMut()) {
    for _ in 0..3 {
        let runs: [_; 2] = std::array::from_fn(|i| {
            (i < session.max_in_flight()).then(|| session.start(images).unwrap())
        });
        between();
        let mut outputs = 0;
        for run in runs.into_iter().flatten() {
            run.finish(|found| {
                outputs += found.logits().len();
                outputs += found
                    .layers()
                    .map(|(.., values)| values.len())
                    .sum::<usize>();
            })
            .unwrap();
        }
        assert!(outputs > 0);
    }
}

/// A session after its first run, with images for further runs.
struct Case {
    session: Session,
    input: InputForm,
    pictures: Pictures,
    text: String,
}

impl Case {
    fn new(gpu: &Gpu, model: &Model, options: &SessionOptions) -> Self {
        let session = Session::new(gpu, model, options).unwrap();
        let text = format!(
            "{}, {:?}, {:?}, {:?}, {} images, {} in flight",
            gpu.describe(),
            gpu.profile().storage,
            session.precision().scalar,
            options.input.name(),
            session.batch(),
            session.max_in_flight()
        );
        // One submission runs all steps once.
        assert_eq!(session.plan().unwrap().submissions.len(), 1, "{text}");
        let pictures = Pictures::new(session.input_len() * session.batch());
        // The first run may have fewer images than later runs.
        let first = pictures.of(options.input, session.input_len());
        session.run_batch(first, |_| ()).unwrap();
        Self {
            session,
            input: options.input,
            pictures,
            text,
        }
    }

    fn images(&self) -> Images<'_> {
        self.pictures.of(self.input, self.pictures.bytes.len())
    }
}

/// Checks all cases of a device at once, since naming the functions on the stacks takes seconds.
fn check(gpu: &Gpu, cases: &[Case]) {
    let (others, wgpu) = allocations(|| {
        for case in cases {
            rounds(&case.session, case.images(), || {});
        }
    });
    let names: Vec<&str> = cases.iter().map(|case| &*case.text).collect();
    assert!(others.is_empty(), "{names:#?}:{others}");
    assert!(wgpu > 0, "even wgpu's allocations were not seen");

    // Device memory changes neither between runs nor while they are in flight.
    let memory = device_memory(gpu);
    for case in cases {
        rounds(&case.session, case.images(), || {
            assert_eq!(device_memory(gpu), memory, "{}", case.text)
        });
        assert_eq!(device_memory(gpu), memory, "{}", case.text);
    }
}

#[test]
fn a_run_allocates_nothing_of_its_own() {
    let model = Model::embedded().unwrap();
    let rgb8 = InputForm::Rgb8 {
        mean: [0.5; 3],
        std: [0.25; 3],
    };
    let gpus = adapters().into_iter().flat_map(|adapter| {
        let gpu = Gpu::new(DeviceSelector::Index(adapter.index)).unwrap();
        [Storage::Buffers, Storage::Textures].map(|storage| with_storage(&gpu, storage))
    });
    let gpus: Vec<Gpu> = gpus.collect();
    assert!(!gpus.is_empty(), "no adapter: run ./scripts/test");
    for gpu in &gpus {
        let mut cases = vec![];
        for precision in [Precision::F32, Precision::F16] {
            if precision == Precision::F16 && !gpu.profile().f16 {
                continue;
            }
            for input in [InputForm::F32, rgb8] {
                for (batch, in_flight) in [(1, 1), (3, 2)] {
                    let options = SessionOptions {
                        batch,
                        in_flight,
                        input,
                        precision,
                        layers: vec!["layer1".into()],
                        probabilities: true,
                        ..SessionOptions::default()
                    };
                    cases.push(Case::new(gpu, &model, &options));
                }
            }
        }
        check(gpu, &cases);
    }
}
