//! A moving scene: the pictures one after another, slowly panned and zoomed, drawn into a texture.
//! The scene stands for a game's or a camera's frame, and the network reads its texture in place.

use eframe::wgpu;

/// The width and height of the scene.
pub const SIZE: (u32, u32) = (960, 640);

/// The seconds from one picture to the next, and the seconds at the end in which both are visible.
const PICTURE_SECONDS: f64 = 6.0;
const OVERLAP_SECONDS: f64 = 1.2;

/// The format that both the network and egui read.
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// The size in bytes of `Uniforms` in `scene.wgsl`.
const UNIFORM_BYTES: usize = 48;

/// The renderer that draws the pictures into a texture.
pub struct Scene {
    queue: wgpu::Queue,
    device: wgpu::Device,
    pipeline: wgpu::RenderPipeline,
    sampler: wgpu::Sampler,
    uniforms: wgpu::Buffer,
    target: wgpu::Texture,
    view: wgpu::TextureView,
    /// The bound pair of pictures, and its bind group.
    bound: Option<([wgpu::Texture; 2], wgpu::BindGroup)>,
}

impl Scene {
    /// Creates the pipeline and the texture.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Self {
        let shader = device.create_shader_module(wgpu::include_wgsl!("scene.wgsl"));
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("scene"),
            layout: None,
            vertex: wgpu::VertexState {
                module: &shader,
                entry_point: Some("corner"),
                compilation_options: Default::default(),
                buffers: &[],
            },
            primitive: Default::default(),
            depth_stencil: None,
            multisample: Default::default(),
            fragment: Some(wgpu::FragmentState {
                module: &shader,
                entry_point: Some("colour"),
                compilation_options: Default::default(),
                targets: &[Some(FORMAT.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        let target = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("scene"),
            size: wgpu::Extent3d {
                width: SIZE.0,
                height: SIZE.1,
                depth_or_array_layers: 1,
            },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FORMAT,
            // The scene is drawn into the texture, and egui and the network read it. A tour writes
            // it to a file.
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT
                | wgpu::TextureUsages::TEXTURE_BINDING
                | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        Self {
            view: target.create_view(&Default::default()),
            sampler: device.create_sampler(&wgpu::SamplerDescriptor {
                mag_filter: wgpu::FilterMode::Linear,
                min_filter: wgpu::FilterMode::Linear,
                ..Default::default()
            }),
            uniforms: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("scene"),
                size: UNIFORM_BYTES as u64,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
            device: device.clone(),
            queue: queue.clone(),
            bound: None,
            pipeline,
            target,
        }
    }

    /// Returns the texture that the scene is drawn into.
    pub fn texture(&self) -> &wgpu::Texture {
        &self.target
    }

    /// Records a frame of two pictures.
    pub fn draw(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        pair: &PicturePair,
        pictures: [&wgpu::Texture; 2],
    ) {
        let aspects = pictures.map(|picture| picture.width() as f32 / picture.height() as f32);
        let [first, second] = [0, 1].map(|i| visible_part(aspects[i], pair.ages[i], pair.turns[i]));
        let mixed = [pair.mixed, 0.0, 0.0, 0.0];
        let bytes: Vec<u8> = [first, second, mixed]
            .as_flattened()
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.queue.write_buffer(&self.uniforms, 0, &bytes);
        self.bind(pictures);
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("scene"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &self.view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations::default(),
            })],
            ..Default::default()
        });
        if let Some((_, group)) = &self.bound {
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, group, &[]);
            pass.draw(0..3, 0..1);
        }
    }

    /// Binds a pair of pictures, unless it is already bound.
    fn bind(&mut self, pair: [&wgpu::Texture; 2]) {
        if let Some((bound, _)) = &self.bound
            && bound.each_ref() == pair
        {
            return;
        }
        let views = pair.map(|texture| texture.create_view(&Default::default()));
        let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("scene"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &[
                entry(0, self.uniforms.as_entire_binding()),
                entry(1, wgpu::BindingResource::TextureView(&views[0])),
                entry(2, wgpu::BindingResource::TextureView(&views[1])),
                entry(3, wgpu::BindingResource::Sampler(&self.sampler)),
            ],
        });
        self.bound = Some((pair.map(Clone::clone), group));
    }
}

/// The two pictures that are visible at a time, and the share of the second.
#[derive(Debug, PartialEq)]
pub struct PicturePair {
    /// The pictures' indices in the list.
    pub pictures: [usize; 2],
    /// The seconds since each picture appeared.
    ages: [f64; 2],
    /// The number of pictures before each. Every other picture moves in the opposite direction.
    turns: [u64; 2],
    mixed: f32,
}

/// Returns the visible pair of `pictures` pictures after the given seconds, or `None` without
/// pictures.
pub fn visible_pair(pictures: usize, seconds: f64) -> Option<PicturePair> {
    if pictures == 0 {
        return None;
    }
    let turn = (seconds / PICTURE_SECONDS).floor().max(0.0) as u64;
    let age = seconds - turn as f64 * PICTURE_SECONDS;
    let since = age - (PICTURE_SECONDS - OVERLAP_SECONDS);
    let mixed = (since / OVERLAP_SECONDS).clamp(0.0, 1.0) as f32;
    let at = |turn: u64| (turn % pictures as u64) as usize;
    Some(PicturePair {
        pictures: [at(turn), at(turn + 1)],
        // The picture appeared while the previous picture was still visible.
        ages: [age + OVERLAP_SECONDS, since],
        turns: [turn, turn + 1],
        // A smoothstep, which is smooth at both ends.
        mixed: mixed * mixed * (3.0 - 2.0 * mixed),
    })
}

/// Returns the part of a picture that is visible at an age in seconds. The part starts as wide as
/// fits, shrinks, and moves from one side to the other.
fn visible_part(aspect: f32, age: f64, turn: u64) -> [f32; 4] {
    let scene = SIZE.0 as f32 / SIZE.1 as f32;
    let along = (age / (PICTURE_SECONDS + OVERLAP_SECONDS)).clamp(0.0, 1.0) as f32;
    let along = if turn.is_multiple_of(2) {
        along
    } else {
        1.0 - along
    };
    let zoom = 1.0 - 0.18 * along;
    let (width, height) = if aspect > scene {
        (scene / aspect * zoom, zoom)
    } else {
        (zoom, aspect / scene * zoom)
    };
    let left = (1.0 - width) * (0.3 + 0.4 * along);
    let top = (1.0 - height) * (0.3 + 0.3 * along);
    [left, top, width, height]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_follow_each_other() {
        assert_eq!(visible_pair(0, 1.0), None);
        let early = visible_pair(3, 1.0).unwrap();
        assert_eq!((early.pictures, early.mixed), ([0, 1], 0.0));
        let late = visible_pair(3, PICTURE_SECONDS - 0.001).unwrap();
        assert!(late.mixed > 0.99);
        // The second picture becomes the first without a jump.
        let next = visible_pair(3, PICTURE_SECONDS + 0.001).unwrap();
        assert_eq!((next.pictures, next.mixed), ([1, 2], 0.0));
        assert_eq!(late.turns[1], next.turns[0]);
        assert!((late.ages[1] - next.ages[0]).abs() < 0.01);
        assert_eq!(visible_pair(1, 100.0).unwrap().pictures, [0, 0]);
    }

    #[test]
    fn the_visible_part_lies_in_the_picture_undistorted() {
        let scene = SIZE.0 as f32 / SIZE.1 as f32;
        for aspect in [0.2, 1.0, scene, 5.0] {
            for turn in [0, 1] {
                for age in [0.0, 1.0, PICTURE_SECONDS, 2.0 * PICTURE_SECONDS] {
                    let [left, top, width, height] = visible_part(aspect, age, turn);
                    assert!(left >= 0.0 && top >= 0.0);
                    assert!(left + width <= 1.0 && top + height <= 1.0);
                    assert!((aspect * width / height - scene).abs() < 1e-4);
                }
            }
        }
    }
}
