// Classifies pictures on several threads that share one classifier.
//
//   classify DEVICE PICTURE.ppm...
//
//   c++ -std=c++17 classify.cpp $(pkg-config --cflags --libs resnet_wgpu_c) -o classify

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <resnet_wgpu.h>

namespace resnet {

// Throws an exception with the text of this thread's last error, if a call failed.
void check(ResnetStatus status) {
    if (status != RESNET_STATUS_OK) {
        throw std::runtime_error(resnet_last_error());
    }
}

// The deleter of an owned handle.
template <typename Handle, void (*release)(Handle *)> struct Free {
    void operator()(Handle *handle) const { release(handle); }
};
template <typename Handle, void (*release)(Handle *)>
using Owned = std::unique_ptr<Handle, Free<Handle, release>>;

using Device = Owned<ResnetDevice, resnet_device_free>;
using Model = Owned<ResnetModel, resnet_model_free>;
using Classifier = Owned<ResnetClassifier, resnet_classifier_free>;

Device open_device(const std::string &selector) {
    ResnetDevice *device = nullptr;
    check(resnet_device_open(selector.c_str(), &device));
    return Device(device);
}

Model embedded() {
    ResnetModel *model = nullptr;
    check(resnet_model_open_file(nullptr, nullptr, &model));
    return Model(model);
}

Classifier classifier(const Device &device, const Model &model) {
    ResnetClassifier *made = nullptr;
    check(resnet_classifier_new(device.get(), model.get(), nullptr, &made));
    return Classifier(made);
}

} // namespace resnet

struct Picture {
    std::uint32_t width = 0, height = 0;
    std::vector<std::uint8_t> pixels;
};

// Reads a binary PPM without comments.
Picture read_ppm(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    std::string magic;
    unsigned levels = 0;
    Picture picture;
    file >> magic >> picture.width >> picture.height >> levels;
    file.get();
    if (!file || magic != "P6" || levels != 255 || picture.width > 65535 ||
        picture.height > 65535) {
        throw std::runtime_error(path + ": expected a binary PPM of 8 bits (P6)");
    }
    picture.pixels.resize(std::size_t{3} * picture.width * picture.height);
    file.read(reinterpret_cast<char *>(picture.pixels.data()),
              static_cast<std::streamsize>(picture.pixels.size()));
    if (!file) {
        throw std::runtime_error(path + ": expected more pixels");
    }
    return picture;
}

// Returns one line for a picture. The label belongs to the classifier, so it is copied.
std::string answer(const ResnetClassifier *classifier, const std::string &path) {
    try {
        Picture picture = read_ppm(path);
        ResnetPrediction best;
        std::size_t count = 0;
        resnet::check(resnet_classify_rgb(classifier, picture.pixels.data(), picture.width,
                                          picture.height, 0, 1, &best, &count));
        char number[32];
        std::snprintf(number, sizeof number, "%6.2f %%  ", 100.0 * best.probability);
        return number + std::string(best.label) + "  " + path;
    } catch (const std::exception &error) {
        return "error: " + std::string(error.what());
    }
}

int main(int argc, char **argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: classify DEVICE PICTURE.ppm...\n");
        return 2;
    }
    const std::vector<std::string> paths(argv + 2, argv + argc);
    try {
        // The classifier keeps what it needs of the device and the model.
        const auto classifier =
            resnet::classifier(resnet::open_device(argv[1]), resnet::embedded());
        std::vector<std::string> answers(paths.size());
        std::atomic<std::size_t> next{0};
        const auto work = [&] {
            for (std::size_t i; (i = next++) < paths.size();) {
                answers[i] = answer(classifier.get(), paths[i]);
            }
        };
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < std::min<std::size_t>(4, paths.size()); i++) {
            threads.emplace_back(work);
        }
        for (auto &thread : threads) {
            thread.join();
        }
        for (const auto &line : answers) {
            std::printf("%s\n", line.c_str());
        }
    } catch (const std::exception &error) {
        std::fprintf(stderr, "classify: %s\n", error.what());
        return 1;
    }
    return 0;
}
