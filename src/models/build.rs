//! Conversion of a [`Network`] to a graph. Only this module knows the structure of a ResNet.
//!
//! Nodes have torchvision's module names. The sources of the structures:
//!
//! - He et al. 2015 (arXiv 1512.03385): stems, stages and shortcuts;
//! - He et al. 2016 (arXiv 1603.05027): the pre-activation order;
//! - Xie et al. 2017: ResNeXt;
//! - Zagoruyko 2016: wide networks;
//! - He et al. 2018: ResNet-D;
//! - Simonyan 2014: VGG.

use super::network::{
    ActivationOrder, Block, Head, Network, Norm, Projection, Shortcut, Stem, StridePlacement,
};
use crate::graph::{Bias, Graph, GraphBuilder, GraphError, NodeId, Shape, Window, ZeroChannels};

impl Network {
    /// Builds the network's graph for images of `h`×`w` pixels; the graph's output is the logits.
    /// Any size is accepted that leaves at least one pixel for the global pool.
    pub fn graph(&self, h: usize, w: usize) -> Result<Graph, GraphError> {
        let mut net = Builder {
            net: self,
            g: GraphBuilder::new(Shape::new(h, w, 3))?,
        };
        let mut x = net.g.input();
        if self.block == Block::Single {
            x = net.vgg_features(x)?;
        } else {
            x = net.stem(x)?;
            for stage in 0..self.depths.len() {
                x = net.stage(stage, x)?;
            }
        }
        let logits = net.head(x)?;
        net.g.alias("logits", logits);
        Ok(net.g.finish(logits))
    }
}

/// One layer of a residual branch: module names, width and window.
struct Layer {
    conv: String,
    bn: String,
    width: usize,
    window: Window,
    groups: usize,
}

struct Builder<'a> {
    net: &'a Network,
    g: GraphBuilder,
}

impl Builder<'_> {
    /// Adds a convolution and the norm that the network has after convolutions.
    fn conv_norm(
        &mut self,
        conv: &str,
        bn: &str,
        x: NodeId,
        width: usize,
        window: Window,
        groups: usize,
    ) -> Result<NodeId, GraphError> {
        let bias = match self.net.norm {
            Norm::BatchNorm => Bias::Absent,
            _ => Bias::Present,
        };
        let x = self.g.conv(conv, x, width, window, groups, bias)?;
        if self.net.norm == Norm::Bias {
            // The batch norm was folded away, so the convolution's output is the output of the
            // norm's module.
            self.g.alias(bn, x);
            return Ok(x);
        }
        Ok(self.g.batch_norm(bn, x, self.net.eps))
    }

    fn stem(&mut self, x: NodeId) -> Result<NodeId, GraphError> {
        let width = self.net.stem_width;
        let pre = self.net.order == ActivationOrder::Pre;
        let x = match self.net.stem {
            Stem::None => return Ok(x),
            // Before pre-activation blocks, the stem has neither BN nor ReLU.
            Stem::Conv7x7 if pre => {
                self.g
                    .conv("conv1", x, width, Window::new(7, 2, 3), 1, Bias::Absent)?
            }
            Stem::Conv3x3 if pre => {
                return self
                    .g
                    .conv("conv1", x, width, Window::new(3, 1, 1), 1, Bias::Absent);
            }
            Stem::Conv7x7 => self.stem_layer("conv1", "bn1", x, width, Window::new(7, 2, 3))?,
            Stem::Conv3x3 => {
                return self.stem_layer("conv1", "bn1", x, width, Window::new(3, 1, 1));
            }
            Stem::Deep([a, b]) => {
                let half = Window::new(3, 2, 1);
                let full = Window::new(3, 1, 1);
                let x = self.conv_norm("conv1.0", "conv1.1", x, a, half, 1)?;
                let x = self.g.relu("conv1.2", x);
                let x = self.conv_norm("conv1.3", "conv1.4", x, b, full, 1)?;
                let x = self.g.relu("conv1.5", x);
                self.g.alias("conv1", NodeId(x.0 + 1));
                self.stem_layer("conv1.6", "bn1", x, width, full)?
            }
        };
        self.g.max_pool("maxpool", x, Window::new(3, 2, 1))
    }

    fn stem_layer(
        &mut self,
        conv: &str,
        bn: &str,
        x: NodeId,
        width: usize,
        window: Window,
    ) -> Result<NodeId, GraphError> {
        let x = self.conv_norm(conv, bn, x, width, window, 1)?;
        Ok(self.g.relu("relu", x))
    }

    fn stage(&mut self, stage: usize, mut x: NodeId) -> Result<NodeId, GraphError> {
        for block in 0..self.net.depths[stage] {
            let stride = match block {
                0 => self.net.stage_stride(stage),
                _ => 1,
            };
            let name = format!("layer{}.{block}", stage + 1);
            x = match self.net.order {
                ActivationOrder::Post => self.post_block(&name, stage, stride, x)?,
                ActivationOrder::Pre => self.pre_block(&name, stage, stride, x)?,
            };
        }
        self.g.alias(format!("layer{}", stage + 1), x);
        Ok(x)
    }

    /// Returns the convolutions of a block's residual branch.
    fn branch(&self, name: &str, stage: usize, stride: usize) -> Vec<Layer> {
        let (inner, out) = (self.net.inner[stage], self.net.widths[stage]);
        let groups = self.net.groups;
        let one = |stride| Window::new(1, stride, 0);
        let three = |stride| Window::new(3, stride, 1);
        let layers = match (self.net.block, self.net.stride_placement) {
            (Block::Bottleneck, StridePlacement::Conv3x3) => vec![
                (inner, one(1), 1),
                (inner, three(stride), groups),
                (out, one(1), 1),
            ],
            (Block::Bottleneck, StridePlacement::First1x1) => vec![
                (inner, one(stride), 1),
                (inner, three(1), groups),
                (out, one(1), 1),
            ],
            (Block::Basic | Block::Single, _) => {
                vec![(inner, three(stride), groups), (out, three(1), groups)]
            }
        };
        layers
            .into_iter()
            .enumerate()
            .map(|(i, (width, window, groups))| Layer {
                conv: format!("{name}.conv{}", i + 1),
                bn: format!("{name}.bn{}", i + 1),
                width,
                window,
                groups,
            })
            .collect()
    }

    fn post_block(
        &mut self,
        name: &str,
        stage: usize,
        stride: usize,
        x: NodeId,
    ) -> Result<NodeId, GraphError> {
        let layers = self.branch(name, stage, stride);
        // The shortcut is added first. Its output can then replace the block's input in memory,
        // before the branch needs memory of its own.
        let shortcut = self.shortcut(name, stage, stride, x, x)?;
        let mut y = x;
        let last = layers.len() - 1;
        for (i, l) in layers.iter().enumerate() {
            y = self.conv_norm(&l.conv, &l.bn, y, l.width, l.window, l.groups)?;
            if i < last {
                y = self.g.relu(&format!("{name}.relu{}", i + 1), y);
            }
        }
        if let Some(shortcut) = shortcut {
            y = self.g.add(&format!("{name}.add"), y, shortcut)?;
        }
        let y = self.g.relu(name, y);
        // The ReLU module is called several times; its last output is the block's output.
        self.g.alias(format!("{name}.relu"), y);
        Ok(y)
    }

    fn pre_block(
        &mut self,
        name: &str,
        stage: usize,
        stride: usize,
        x: NodeId,
    ) -> Result<NodeId, GraphError> {
        let layers = self.branch(name, stage, stride);
        let mut y = x;
        let mut shortcut = None;
        for (i, l) in layers.iter().enumerate() {
            y = self.g.batch_norm(&l.bn, y, self.net.eps);
            y = self.g.relu(&format!("{name}.relu{}", i + 1), y);
            self.g.alias(format!("{name}.relu"), y);
            if i == 0 {
                // A projection reads the values after BN and ReLU; an identity shortcut reads the
                // values before (He 2016, section 4.1; timm's resnetv2).
                shortcut = self.shortcut(name, stage, stride, x, y)?;
            }
            y = self
                .g
                .conv(&l.conv, y, l.width, l.window, l.groups, Bias::Absent)?;
        }
        match shortcut {
            Some(shortcut) => self.g.add(name, y, shortcut),
            None => {
                self.g.alias(name, y);
                Ok(y)
            }
        }
    }

    /// Adds the block's shortcut: `identity` itself, a subsampled `identity`, or a convolution of
    /// `projected`. Returns `None` in a plain network.
    fn shortcut(
        &mut self,
        name: &str,
        stage: usize,
        stride: usize,
        identity: NodeId,
        projected: NodeId,
    ) -> Result<Option<NodeId>, GraphError> {
        let channels = self.g.shape(identity).c;
        let out = self.net.widths[stage];
        let changes = stride != 1 || channels != out;
        let module = format!("{name}.downsample");
        let shortcut = match self.net.shortcut {
            Shortcut::None => return Ok(None),
            Shortcut::A(_) | Shortcut::B if !changes => identity,
            Shortcut::A(zeros) => {
                let before = match zeros {
                    ZeroChannels::HalfBefore => out.saturating_sub(channels) / 2,
                    ZeroChannels::After => 0,
                };
                self.g.shortcut_a(&module, identity, out, stride, before)?
            }
            Shortcut::B | Shortcut::C => self.projection(&module, projected, out, stride)?,
        };
        Ok(Some(shortcut))
    }

    fn projection(
        &mut self,
        module: &str,
        x: NodeId,
        out: usize,
        stride: usize,
    ) -> Result<NodeId, GraphError> {
        let (x, stride, first) = match self.net.projection {
            Projection::Strided => (x, stride, 0),
            Projection::AvgPool if stride == 1 => {
                // timm has an identity module here. This alias keeps the module names equal to
                // timm's.
                self.g.alias(format!("{module}.0"), x);
                (x, 1, 1)
            }
            Projection::AvgPool => {
                let window = Window::new(stride, stride, 0);
                (self.g.avg_pool(&format!("{module}.0"), x, window)?, 1, 1)
            }
        };
        let conv = format!("{module}.{first}");
        let window = Window::new(1, stride, 0);
        let y = match self.net.order {
            ActivationOrder::Pre => self.g.conv(&conv, x, out, window, 1, Bias::Absent)?,
            ActivationOrder::Post => {
                let bn = format!("{module}.{}", first + 1);
                self.conv_norm(&conv, &bn, x, out, window, 1)?
            }
        };
        self.g.alias(module, y);
        Ok(y)
    }

    /// Adds torchvision's `features`, a flat sequence of modules.
    fn vgg_features(&mut self, mut x: NodeId) -> Result<NodeId, GraphError> {
        let net = self.net;
        let mut module = 0;
        for (stage, &depth) in net.depths.iter().enumerate() {
            for _ in 0..depth {
                let conv = format!("features.{module}");
                let bn = format!("features.{}", module + 1);
                if net.norm == Norm::Bias {
                    x = self.g.conv(
                        &conv,
                        x,
                        net.widths[stage],
                        Window::new(3, 1, 1),
                        1,
                        Bias::Present,
                    )?;
                    module += 1;
                } else {
                    let window = Window::new(3, 1, 1);
                    x = self.conv_norm(&conv, &bn, x, net.widths[stage], window, 1)?;
                    module += 2;
                }
                x = self.g.relu(&format!("features.{module}"), x);
                module += 1;
            }
            x = self
                .g
                .max_pool(&format!("features.{module}"), x, Window::new(2, 2, 0))?;
            module += 1;
        }
        self.g.alias("features", x);
        Ok(x)
    }

    fn head(&mut self, mut x: NodeId) -> Result<NodeId, GraphError> {
        let net = self.net;
        if net.order == ActivationOrder::Pre {
            x = self.g.batch_norm("bn", x, net.eps);
            x = self.g.relu("relu", x);
        }
        match net.head {
            Head::Linear => {
                let x = self.g.global_avg_pool("avgpool", x);
                self.g.linear("fc", x, net.classes)
            }
            Head::Mlp(hidden) => {
                let (own, s) = (net.native_size(), self.g.shape(self.g.input()));
                if (s.h, s.w) != (own, own) {
                    return Err(GraphError::new(
                        "classifier.0",
                        format!(
                            "{} has fully connected layers made for {own}×{own} pixels, found \
                             {}×{}; use its own input size",
                            net.name, s.h, s.w
                        ),
                    ));
                }
                self.g.alias("avgpool", x);
                let x = self.g.flatten("flatten", x);
                let x = self.g.linear("classifier.0", x, hidden)?;
                let x = self.g.relu("classifier.1", x);
                self.g.alias("classifier.2", x); // dropout: identity in eval mode
                let x = self.g.linear("classifier.3", x, hidden)?;
                let x = self.g.relu("classifier.4", x);
                self.g.alias("classifier.5", x);
                let x = self.g.linear("classifier.6", x, net.classes)?;
                self.g.alias("classifier", x);
                Ok(x)
            }
        }
    }
}
