//! An application that draws a scene and classifies it. The network runs on the application's own
//! device and in its own command encoders, and no pixel passes through the host.
//!
//!     cargo run --release --example shared_device -- photos/chelsea.png
//!
//! Each frame turns a photo a little further and draws it into a texture, which is the classifier's
//! input. A frame spends at most a part of an answer's GPU time on the network, so an answer comes
//! every few frames.

use std::error::Error;
use std::f32::consts::TAU;

use resnet_wgpu::wgpu::{self, util::DeviceExt};
use resnet_wgpu::{Classifier, Gpu, Model, PendingScores, Slice, decode_file};

const SIDE: u32 = 256;
const FRAMES: u32 = 24;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1);
    let path = path.unwrap_or("photos/chelsea.png".into());
    let photo = decode_file(path, &Default::default())?;

    // The application opens its device with the features that help the classifier, in addition to
    // its own needs.
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = pollster::block_on(instance.request_adapter(&Default::default()))?;
    let descriptor = Gpu::device_descriptor(&adapter);
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))?;
    let scene = Scene::new(&device, &queue, &photo);

    // The classifier joins the application's device.
    let gpu = Gpu::from_device(&adapter, device.clone(), queue.clone())?;
    let classifier = Classifier::new(&gpu, &Model::embedded()?, &Default::default())?;
    let mut recorder = classifier.recorder()?;
    let budget = recorder.gpu_time() / 3;
    let uploaded_before = gpu.uploaded_bytes();
    let waits_before = gpu.waits();

    let mut answers: Vec<(u32, PendingScores)> = vec![];
    let mut frame = 0;
    while frame < FRAMES || !answers.is_empty() {
        let mut encoder = device.create_command_encoder(&Default::default());
        if frame < FRAMES {
            scene.draw(&queue, &mut encoder, frame);
        }
        let slice = match recorder.is_idle() {
            true if frame < FRAMES && recorder.has_room() => {
                Some(recorder.begin(&mut encoder, &scene.target, budget)?)
            }
            true => None,
            false => Some(recorder.go_on(&mut encoder)?),
        };
        queue.submit([encoder.finish()]);
        if let Some(Slice::Last(answer)) = slice {
            answers.push((frame, answer));
        }
        // A window would present its frame now. Answers arrive some frames later.
        std::thread::sleep(std::time::Duration::from_millis(4));
        while let Some((begun, answer)) = answers.first_mut() {
            let Some(scores) = answer.take_ready()? else {
                break;
            };
            let best = &classifier.top(&scores, 0, 1)[0];
            let percent = 100.0 * best.probability;
            println!(
                "frame {frame:2}: {percent:5.1} %  {} (asked for in frame {begun})",
                best.label
            );
            drop(answers.remove(0));
        }
        frame += 1;
    }
    println!(
        "on {}: {} slices an answer, {} bytes of pictures uploaded, {} waits",
        gpu.describe(),
        recorder.slices(budget),
        gpu.uploaded_bytes() - uploaded_before,
        gpu.waits() - waits_before
    );
    Ok(())
}

/// A photo that turns, drawn into a texture.
struct Scene {
    target: wgpu::Texture,
    pipeline: wgpu::RenderPipeline,
    bind_group: wgpu::BindGroup,
    turn: wgpu::Buffer,
}

const SHADER: &str = "
@group(0) @binding(0) var<uniform> turn: vec4<f32>; // cosine, sine
@group(0) @binding(1) var photo: texture_2d<f32>;
@group(0) @binding(2) var smooth_sampler: sampler;

struct Corner { @builtin(position) at: vec4<f32>, @location(0) uv: vec2<f32> }

@vertex fn corner(@builtin(vertex_index) i: u32) -> Corner {
    let uv = vec2<f32>(f32((i << 1u) & 2u), f32(i & 2u));
    return Corner(vec4<f32>(uv * vec2<f32>(2.0, -2.0) + vec2<f32>(-1.0, 1.0), 0.0, 1.0), uv);
}

@fragment fn pixel(corner: Corner) -> @location(0) vec4<f32> {
    let p = corner.uv - 0.5;
    let turned = vec2<f32>(p.x * turn.x - p.y * turn.y, p.x * turn.y + p.y * turn.x);
    return textureSample(photo, smooth_sampler, turned + 0.5);
}";

impl Scene {
    fn new(device: &wgpu::Device, queue: &wgpu::Queue, photo: &image::RgbImage) -> Self {
        let size = |width, height| wgpu::Extent3d {
            width,
            height,
            depth_or_array_layers: 1,
        };
        let texture = |size, usage| wgpu::TextureDescriptor {
            label: None,
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage,
            view_formats: &[],
        };
        let pixels = image::DynamicImage::ImageRgb8(photo.clone()).into_rgba8();
        let descriptor = texture(
            size(photo.width(), photo.height()),
            wgpu::TextureUsages::TEXTURE_BINDING,
        );
        let photo =
            device.create_texture_with_data(queue, &descriptor, Default::default(), &pixels);
        let usage = wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::TEXTURE_BINDING;
        let target = device.create_texture(&texture(size(SIDE, SIDE), usage));
        let turn = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 16,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("scene"),
            source: wgpu::ShaderSource::Wgsl(SHADER.into()),
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("scene"),
            layout: None,
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("corner"),
                compilation_options: Default::default(),
                buffers: &[],
            },
            primitive: Default::default(),
            depth_stencil: None,
            multisample: Default::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("pixel"),
                compilation_options: Default::default(),
                targets: &[Some(target.format().into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..Default::default()
        });
        let view = photo.create_view(&Default::default());
        let resources = [
            turn.as_entire_binding(),
            wgpu::BindingResource::TextureView(&view),
            wgpu::BindingResource::Sampler(&sampler),
        ];
        let entries: Vec<_> = (0..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        Self {
            target,
            pipeline,
            bind_group,
            turn,
        }
    }

    fn draw(&self, queue: &wgpu::Queue, encoder: &mut wgpu::CommandEncoder, frame: u32) {
        let angle = 0.1 * TAU * (frame as f32 / FRAMES as f32 - 0.5);
        let turn = [angle.cos(), angle.sin(), 0.0, 0.0];
        queue.write_buffer(&self.turn, 0, bytemuck::cast_slice(&turn));
        let view = self.target.create_view(&Default::default());
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                depth_slice: None,
                resolve_target: None,
                ops: Default::default(),
            })],
            ..Default::default()
        });
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }
}
