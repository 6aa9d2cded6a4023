"""The ResNets that no library carries, in PyTorch, from the papers' own descriptions.

One network class serves them all. A network is a stem, three or four stages of blocks and a
classifier; what tells the families apart is kept in four small choices:

* the convolutions of a block (`basic`, `bottleneck`, `bottleneck_v1`),
* where normalisation sits (`PostActBlock`, He et al. 2015; `PreActBlock`, He et al. 2016),
* the shortcut (`plain`, `zero_pad`, `projection`, `projection_everywhere`, `bare_projection`),
* the stem (`imagenet` or `cifar`).

`make_networks.py` proves, before it writes anything, that with the published choices this class
computes what torchvision, timm and Hugging Face compute.
"""

import torch.nn.functional as F
from torch import nn


def conv(c_in, c_out, kernel, stride=1):
    return nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)


# --- the convolutions of a block: (input channels, output channels, kernel, stride) each ---------


def basic(c_in, width, stride):
    return [(c_in, width, 3, stride), (width, width, 3, 1)]


def bottleneck(c_in, width, stride):
    """torchvision's ("v1.5"): the 3x3 convolution carries the stride."""
    return [(c_in, width, 1, 1), (width, width, 3, stride), (width, 4 * width, 1, 1)]


def bottleneck_v1(c_in, width, stride):
    """The 2015 paper's: the first 1x1 convolution carries the stride."""
    return [(c_in, width, 1, stride), (width, width, 3, 1), (width, 4 * width, 1, 1)]


# --- shortcuts: a module, or None for no shortcut at all -----------------------------------------


class PadShortcut(nn.Module):
    """Option A: every stride-th pixel, and channels of zeros for the new ones."""

    def __init__(self, stride, before, after):
        super().__init__()
        self.stride, self.before, self.after = stride, before, after

    def forward(self, x):
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, self.before, self.after))


def plain(c_in, c_out, stride):
    return None


def zero_pad(c_in, c_out, stride):
    """Option A with half of the zero channels before x and half after it."""
    extra = c_out - c_in
    return PadShortcut(stride, extra // 2, extra - extra // 2) if extra or stride > 1 else nn.Identity()


def zero_pad_after(c_in, c_out, stride):
    """Option A with all of the zero channels after x."""
    return PadShortcut(stride, 0, c_out - c_in) if c_in != c_out or stride > 1 else nn.Identity()


def projection_everywhere(c_in, c_out, stride):
    """Option C: 1x1 convolution and batch norm in every block."""
    return nn.Sequential(conv(c_in, c_out, 1, stride), nn.BatchNorm2d(c_out))


def projection(c_in, c_out, stride):
    """Option B: 1x1 convolution and batch norm where the shape changes, x elsewhere."""
    same = c_in == c_out and stride == 1
    return nn.Identity() if same else projection_everywhere(c_in, c_out, stride)


def bare_projection(c_in, c_out, stride):
    """Option B for pre-activation blocks: the 1x1 convolution alone, where the shape changes."""
    same = c_in == c_out and stride == 1
    return None if same else nn.Sequential(conv(c_in, c_out, 1, stride))


# --- blocks --------------------------------------------------------------------------------------


class PostActBlock(nn.Module):
    """relu(shortcut(x) + bn(conv(... relu(bn(conv(x)))))); without a shortcut, a plain stack."""

    def __init__(self, convs, shortcut_name, shortcut):
        super().__init__()
        self.depth = len(convs)
        for i, (c_in, c_out, kernel, stride) in enumerate(convs, 1):
            setattr(self, f"conv{i}", conv(c_in, c_out, kernel, stride))
            setattr(self, f"bn{i}", nn.BatchNorm2d(c_out))
        self.relu = nn.ReLU()
        self.shortcut_name = shortcut_name
        setattr(self, shortcut_name, shortcut)

    def forward(self, x):
        y = x
        for i in range(1, self.depth + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.depth:
                y = self.relu(y)
        shortcut = getattr(self, self.shortcut_name)
        return self.relu(y if shortcut is None else y + shortcut(x))


class PreActBlock(nn.Module):
    """shortcut + conv(relu(bn(... conv(relu(bn(x)))))), with nothing after the sum.

    A shape-changing block projects the activated input relu(bn1(x)); any other adds x itself.
    """

    def __init__(self, convs, shortcut_name, shortcut):
        super().__init__()
        self.depth = len(convs)
        for i, (c_in, c_out, kernel, stride) in enumerate(convs, 1):
            setattr(self, f"bn{i}", nn.BatchNorm2d(c_in))
            setattr(self, f"conv{i}", conv(c_in, c_out, kernel, stride))
        self.relu = nn.ReLU()
        self.shortcut_name = shortcut_name
        setattr(self, shortcut_name, shortcut)

    def forward(self, x):
        activated = self.relu(self.bn1(x))
        shortcut = getattr(self, self.shortcut_name)
        identity = x if shortcut is None else shortcut(activated)
        y = self.conv1(activated)
        for i in range(2, self.depth + 1):
            y = getattr(self, f"conv{i}")(self.relu(getattr(self, f"bn{i}")(y)))
        return identity + y


# --- networks ------------------------------------------------------------------------------------


class ResNet(nn.Module):
    def __init__(self, convs, depths, *, shortcut=projection, shortcut_name="downsample",
                 stem="imagenet", width=64, classes=1000, classifier="fc", pre_activation=False):
        super().__init__()
        block = PreActBlock if pre_activation else PostActBlock
        self.conv1 = conv(3, width, 7, 2) if stem == "imagenet" else conv(3, width, 3)
        self.bn1 = None if pre_activation else nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1) if stem == "imagenet" else nn.Identity()
        channels, self.stages = width, len(depths)
        for stage, depth in enumerate(depths, 1):
            blocks = []
            for index in range(depth):
                stride = 2 if stage > 1 and index == 0 else 1
                layers = convs(channels, width << (stage - 1), stride)
                c_out = layers[-1][1]
                blocks.append(block(layers, shortcut_name, shortcut(channels, c_out, stride)))
                channels = c_out
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.bn = nn.BatchNorm2d(channels) if pre_activation else None
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = classifier
        setattr(self, classifier, nn.Linear(channels, classes))

    def forward(self, x):
        x = self.conv1(x)
        if self.bn1 is not None:
            x = self.relu(self.bn1(x))
        x = self.maxpool(x)
        for stage in range(1, self.stages + 1):
            x = getattr(self, f"layer{stage}")(x)
        if self.bn is not None:
            x = self.relu(self.bn(x))
        return getattr(self, self.classifier)(self.avgpool(x).flatten(1))


def cifar(depth, shortcut):
    """He et al. 2015, section 4.2: 6n+2 layers in three stages of 16, 32 and 64 channels."""
    n, rest = divmod(depth - 2, 6)
    assert rest == 0, f"no CIFAR ResNet has {depth} layers"
    return ResNet(basic, [n] * 3, shortcut=shortcut, stem="cifar", width=16, classes=10,
                  classifier="linear")


def kuangliu(convs, depths):
    """ImageNet-shaped networks for 32x32 images, with the tensor names of pytorch-cifar."""
    return ResNet(convs, depths, shortcut_name="shortcut", stem="cifar", classes=10,
                  classifier="linear")


def preact(convs, depths):
    return ResNet(convs, depths, shortcut=bare_projection, pre_activation=True)


def preact_cifar(convs, n):
    return ResNet(convs, [n] * 3, shortcut=bare_projection, stem="cifar", width=16, classes=10,
                  pre_activation=True)
