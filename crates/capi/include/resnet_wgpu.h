/*
 * ResNets on any GPU: the C interface of resnet-wgpu.
 *
 * Made by cbindgen from crates/capi/src; change that, not this.
 *
 * Errors. A call that can fail returns a status, and resnet_last_error() says in
 * words what was expected, what was found and what to do. A call that returns a
 * number or a text returns 0 or NULL where there is none. Nothing is printed.
 *
 * Handles. Structures without members are handles. One is made by a function
 * whose last argument receives it (NULL where it fails) and freed once, by the
 * function of its name with _free. Handles do not depend on each other: free
 * them in any order.
 *
 * Pointers. They are NULL only where a function says so, and point to what it
 * says for the time of the call; nothing is kept after it. Text is UTF-8 and ends
 * with a zero; a path is what the system takes for one. NULL, misaligned
 * pointers, impossible lengths and broken text are errors. That a pointer leads
 * to what it should, nobody can check.
 *
 * Threads. Any function may be called on any thread. Any number of threads may
 * use a handle at once, but for options, and but for freeing it: nobody else may
 * use it then or later. Two calls on one classifier or session are on the device
 * at once, and others wait for their turn.
 *
 * Panics. A bug in the library ends in RESNET_STATUS_PANIC and not in your
 * program, but Rust's standard hook prints a line about it to stderr. Where host
 * memory runs out altogether the process is ended, as it is in any Rust program.
 */

#ifndef RESNET_WGPU_H
#define RESNET_WGPU_H

#include <stddef.h>
#include <stdint.h>

/**
 * What a call came to. resnet_last_error() says it in words. Later versions
 * may add values, so treat those that you do not know as errors.
 */
typedef enum {
    /**
     * It did what it should.
     */
    RESNET_STATUS_OK = 0,
    /**
     * An argument is NULL, out of range, or does not fit the others.
     */
    RESNET_STATUS_INVALID_ARGUMENT = 1,
    /**
     * A file cannot be read.
     */
    RESNET_STATUS_IO = 2,
    /**
     * A checkpoint that is damaged, of another format, or of no known network.
     */
    RESNET_STATUS_INVALID_MODEL = 3,
    /**
     * No device is what was asked for.
     */
    RESNET_STATUS_NO_DEVICE = 4,
    /**
     * The network or the device cannot do what was asked for.
     */
    RESNET_STATUS_UNSUPPORTED = 5,
    /**
     * Memory does not suffice, the device's or the host's.
     */
    RESNET_STATUS_OUT_OF_MEMORY = 6,
    /**
     * The device failed while it ran; open it anew.
     */
    RESNET_STATUS_DEVICE_LOST = 7,
    /**
     * The driver or this library is at fault; please report it.
     */
    RESNET_STATUS_INTERNAL = 8,
    /**
     * This library panicked; please report it. Free the handle that was used.
     */
    RESNET_STATUS_PANIC = 9,
} ResnetStatus;

/**
 * A model on a device, ready to classify pictures of any size. Several threads
 * may use it at once; the device computes their pictures one after another.
 */
typedef struct ResnetClassifier ResnetClassifier;

/**
 * A GPU, or the CPU. Classifiers and sessions on it share its pipelines, and
 * keep what they need of it: it may be freed before them.
 */
typedef struct ResnetDevice ResnetDevice;

/**
 * The GPUs that this machine had when it was asked, the one that "auto" takes
 * first. The CPU is not among them, and is always there as "cpu".
 */
typedef struct ResnetDeviceList ResnetDeviceList;

/**
 * A network with its weights, recognised in a checkpoint. Classifiers and
 * sessions keep what they need of it: it may be freed before them.
 */
typedef struct ResnetModel ResnetModel;

/**
 * How a classifier or a session is set up. One may set up several, and may be
 * freed before them. One thread at a time may use it.
 */
typedef struct ResnetOptions ResnetOptions;

/**
 * A model on a device, ready to run tensors. Several threads may use it at
 * once; the device computes their tensors one after another.
 */
typedef struct ResnetSession ResnetSession;

/**
 * A class, and how much a picture is like it.
 */
typedef struct {
    /**
     * The class's name. It lives as long as the classifier or model that gave
     * it.
     */
    const char *label;
    /**
     * The class; the first is 0.
     */
    size_t class_index;
    /**
     * Softmax of the logits, from 0 to 1.
     */
    float probability;
    /**
     * The logit itself.
     */
    float logit;
} ResnetPrediction;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * This library's version, such as "0.1.0". It lives as long as the program.
 */
const char *resnet_version(void);

/**
 * What went wrong in the last call on this thread that failed: one line or
 * more of UTF-8 that says what was expected, what was found and what to do.
 * Empty where nothing has failed yet, and never NULL; a call that succeeds
 * leaves it as it is. It stays valid until the next call on this thread.
 */
const char *resnet_last_error(void);

/**
 * The kind of the error in the last call on this thread that failed: invalid_argument,
 * io, checkpoint, unsupported_network, image, labels, no_device, unsupported_device,
 * out_of_memory, device_lost, wrong_results, cancelled, blocking, download or internal.
 * Later versions may add kinds. Empty if nothing has failed yet, and after a panic; never
 * NULL. The text is constant.
 */
const char *resnet_last_error_kind(void);

/**
 * Opens a device: "auto" (the best GPU, or the CPU where there is none), "cpu",
 * the index of a device in the list of resnet_device_list_new(), or a part of
 * a device's name, driver or backend, without regard to case.
 */
ResnetStatus resnet_device_open(const char *selector, ResnetDevice **device);

/**
 * What the device is called: "llvmpipe (LLVM 15.0.6, 256 bits) (Vulkan,
 * software)", or "cpu". It lives as long as the device.
 */
const char *resnet_device_name(const ResnetDevice *device);

/**
 * Frees a device; NULL is left alone.
 */
void resnet_device_free(ResnetDevice *device);

/**
 * Lists the GPUs of this machine. It takes up to some seconds, since it asks
 * every driver. A machine without any has an empty list.
 */
ResnetStatus resnet_device_list_new(ResnetDeviceList **list);

/**
 * How many there are; 0 for NULL.
 */
size_t resnet_device_list_count(const ResnetDeviceList *list);

/**
 * The name of a device, as its driver has it. It lives as long as the list;
 * NULL for an index beyond it.
 */
const char *resnet_device_list_name(const ResnetDeviceList *list, size_t index);

/**
 * The API that it is reached through: "Vulkan", "Metal", "Direct3D 12",
 * "OpenGL". Otherwise as resnet_device_list_name().
 */
const char *resnet_device_list_backend(const ResnetDeviceList *list, size_t index);

/**
 * What kind of device it is: "discrete", "integrated", "virtual", "software"
 * or "other". Otherwise as resnet_device_list_name().
 */
const char *resnet_device_list_kind(const ResnetDeviceList *list, size_t index);

/**
 * Frees a list; NULL is left alone.
 */
void resnet_device_list_free(ResnetDeviceList *list);

/**
 * Opens a safetensors file as torchvision, timm or Hugging Face's transformers
 * have it, and the config.json beside it, if there is one. `path` NULL opens
 * the embedded ResNet-20, which knows CIFAR-10's ten classes.
 *
 * `network` is NULL, or a preset's name for what tensors cannot tell
 * ("resnet50-v1", "plain20"). The file stays open, and its weights are read
 * when a classifier or session is made.
 */
ResnetStatus resnet_model_open_file(const char *path, const char *network, ResnetModel **model);

/**
 * The same from the bytes of a safetensors file, which are copied: they may be
 * freed after the call. There is no config.json then; what it would say of
 * preparing images, resnet_options_set_crop_pct() and its like do.
 */
ResnetStatus resnet_model_open_memory(const uint8_t *bytes,
                                      size_t length,
                                      const char *network,
                                      ResnetModel **model);

/**
 * The network that it is: "resnet50". It lives as long as the model.
 */
const char *resnet_model_network(const ResnetModel *model);

/**
 * How many classes it tells apart; 0 for NULL.
 */
size_t resnet_model_classes(const ResnetModel *model);

/**
 * Side in pixels of the square images that the network reads, where the
 * options say nothing else; 0 for NULL.
 */
size_t resnet_model_input_size(const ResnetModel *model);

/**
 * The name of a class: the checkpoint's own, or ImageNet's or CIFAR-10's where
 * the number of classes is theirs. It lives as long as the model; NULL for a
 * class that there is not.
 */
const char *resnet_model_label(const ResnetModel *model, size_t class_index);

/**
 * Frees a model; NULL is left alone.
 */
void resnet_model_free(ResnetModel *model);

/**
 * Options at their defaults, as NULL has them too.
 */
ResnetStatus resnet_options_new(ResnetOptions **options);

/**
 * Images of a run of a session, 1 by default: more are faster for each, and
 * need more memory. A device that cannot take that many takes fewer. A
 * classifier runs one picture at a time in any case.
 */
ResnetStatus resnet_options_set_batch(ResnetOptions *options, size_t batch);

/**
 * In what activations and weights are stored: "f32" (the default), "f16", or
 * "auto" (f16 where it is faster).
 */
ResnetStatus resnet_options_set_precision(ResnetOptions *options, const char *precision);

/**
 * Side in pixels of the square that the network reads, in place of the model's
 * own.
 */
ResnetStatus resnet_options_set_input_size(ResnetOptions *options, size_t input_size);

/**
 * The input size as a fraction of the length that a picture's shorter side is
 * resized to, in place of the model's own: 0.875 is 224 of 256.
 */
ResnetStatus resnet_options_set_crop_pct(ResnetOptions *options, double crop_pct);

/**
 * The filter that resizes pictures, in place of the model's own: "bilinear",
 * "bicubic" or another of Pillow's.
 */
ResnetStatus resnet_options_set_interpolation(ResnetOptions *options, const char *interpolation);

/**
 * What a classifier subtracts from red, green and blue on the scale 0 to 1, and
 * what it divides by then, in place of the model's own. Three values each.
 */
ResnetStatus resnet_options_set_normalization(ResnetOptions *options,
                                              const float *mean,
                                              const float *std);

/**
 * Frees options; NULL is left alone.
 */
void resnet_options_free(ResnetOptions *options);

/**
 * Sets a model up on a device: plans it, and reads and uploads its weights.
 * `options` may be NULL for the defaults.
 */
ResnetStatus resnet_classifier_new(const ResnetDevice *device,
                                   const ResnetModel *model,
                                   const ResnetOptions *options,
                                   ResnetClassifier **classifier);

/**
 * The `k` likeliest classes of a picture, best first. It is resized and
 * cropped as the model asks for.
 *
 * `pixels` are rows from the top, each `width` times red, green and blue.
 * `stride` is the bytes from the beginning of a row to that of the next, or 0
 * for rows without gaps. `predictions` has room for `k`; `count` receives how
 * many were written, which are fewer where the model has fewer classes.
 */
ResnetStatus resnet_classify_rgb(const ResnetClassifier *classifier,
                                 const uint8_t *pixels,
                                 uint32_t width,
                                 uint32_t height,
                                 size_t stride,
                                 size_t k,
                                 ResnetPrediction *predictions,
                                 size_t *count);

/**
 * As resnet_classify_rgb(), of pixels of red, green, blue and alpha. The alpha
 * is dropped, as Pillow's convert("RGB") has it.
 */
ResnetStatus resnet_classify_rgba(const ResnetClassifier *classifier,
                                  const uint8_t *pixels,
                                  uint32_t width,
                                  uint32_t height,
                                  size_t stride,
                                  size_t k,
                                  ResnetPrediction *predictions,
                                  size_t *count);

/**
 * Goes on on another device, or on the same one opened anew, after
 * RESNET_STATUS_DEVICE_LOST: the model is read and uploaded again. Calls of other
 * threads that are under way end with that error. After a failure the classifier
 * is as it was.
 */
ResnetStatus resnet_classifier_recreate(const ResnetClassifier *classifier,
                                        const ResnetDevice *device);

/**
 * Frees a classifier, and with it the labels of its predictions; NULL is left
 * alone. No other thread may use it any more.
 */
void resnet_classifier_free(ResnetClassifier *classifier);

/**
 * Sets a model up on a device: plans it, and reads and uploads its weights.
 * `options` may be NULL for the defaults.
 */
ResnetStatus resnet_session_new(const ResnetDevice *device,
                                const ResnetModel *model,
                                const ResnetOptions *options,
                                ResnetSession **session);

/**
 * Runs `n` images, [n, height, width, channels] without gaps, normalised
 * already, and writes their logits, [n, classes]. More than a batch run as
 * several. `length` is how many floats `logits` has room for, at least n times
 * the model's classes.
 */
ResnetStatus resnet_run_tensor(const ResnetSession *session,
                               const float *images,
                               size_t n,
                               size_t height,
                               size_t width,
                               size_t channels,
                               float *logits,
                               size_t length);

/**
 * Frees a session; NULL is left alone. No other thread may use it any more.
 */
void resnet_session_free(ResnetSession *session);

/**
 * The `k` largest of one image's logits, best first, and among equals the lower
 * class first. `classes` is how many logits there are: as many as the model has
 * classes. `predictions` has room for `k`; `count` receives how many were
 * written, which are fewer where the model has fewer classes.
 */
ResnetStatus resnet_top_k(const ResnetModel *model,
                          const float *logits,
                          size_t classes,
                          size_t k,
                          ResnetPrediction *predictions,
                          size_t *count);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* RESNET_WGPU_H */
