/*
 * Prints the results of the interface, with floats as their bits, for a comparison
 * with the results of the Rust library.
 *
 *   answers DEVICE WEIGHTS WIDTH HEIGHT PIXELS
 *
 * PIXELS is a file of RGB pixels without gaps.
 */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <resnet_wgpu.h>

enum { TOP = 3, IMAGES = 3 };

static void check(ResnetStatus status) {
    if (status != RESNET_STATUS_OK) {
        fprintf(stderr, "answers: %s\n", resnet_last_error());
        exit(EXIT_FAILURE);
    }
}

static uint32_t bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void *room(size_t bytes) {
    void *all = malloc(bytes);
    if (all == NULL) {
        exit(EXIT_FAILURE);
    }
    return all;
}

static uint8_t *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        exit(EXIT_FAILURE);
    }
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = room(*length);
    if (fread(bytes, 1, *length, file) != *length) {
        exit(EXIT_FAILURE);
    }
    fclose(file);
    return bytes;
}

static void print(const char *what, const ResnetPrediction *best, size_t count) {
    for (size_t i = 0; i < count; i++) {
        printf("%s %zu %s %08" PRIx32 " %08" PRIx32 "\n", what, best[i].class_index, best[i].label,
               bits(best[i].probability), bits(best[i].logit));
    }
}

/* Classifies RGB, RGB with gaps between rows, and RGBA, each in memory of exactly its size. */
static void classify(const ResnetClassifier *classifier, const uint8_t *rgb, uint32_t width,
                     uint32_t height) {
    ResnetPrediction best[TOP];
    size_t count, row = (size_t)width * 3, pixels = (size_t)width * height;
    check(resnet_classify_rgb(classifier, rgb, width, height, 0, TOP, best, &count));
    print("rgb", best, count);

    size_t stride = row + 7;
    uint8_t *gaps = room(stride * (height - 1) + row);
    for (size_t y = 0; y < height; y++) {
        memcpy(gaps + y * stride, rgb + y * row, row);
    }
    check(resnet_classify_rgb(classifier, gaps, width, height, stride, TOP, best, &count));
    print("gaps", best, count);
    free(gaps);

    uint8_t *rgba = room(pixels * 4);
    for (size_t i = 0; i < pixels; i++) {
        memcpy(rgba + i * 4, rgb + i * 3, 3);
        rgba[i * 4 + 3] = (uint8_t)i;
    }
    check(resnet_classify_rgba(classifier, rgba, width, height, 0, TOP, best, &count));
    print("rgba", best, count);
    free(rgba);
}

/* Runs three images in batches of two, and prints the best classes of the last. */
static void run(const ResnetDevice *device, const ResnetModel *model) {
    ResnetOptions *options;
    ResnetSession *session;
    check(resnet_options_new(&options));
    check(resnet_options_set_batch(options, 2));
    check(resnet_session_new(device, model, options, &session));
    resnet_options_free(options);

    size_t side = resnet_model_input_size(model), classes = resnet_model_classes(model);
    size_t total = IMAGES * side * side * 3;
    float *images = room(total * sizeof *images);
    float *logits = room(IMAGES * classes * sizeof *logits);
    for (size_t i = 0; i < total; i++) {
        images[i] = (float)((i * 31) % 255) / 128.0f - 1.0f;
    }
    check(resnet_run_tensor(session, images, IMAGES, side, side, 3, logits, IMAGES * classes));
    for (size_t i = 0; i < IMAGES * classes; i++) {
        printf("logit %08" PRIx32 "\n", bits(logits[i]));
    }

    ResnetPrediction best[TOP];
    size_t count;
    check(resnet_top_k(model, logits + 2 * classes, classes, TOP, best, &count));
    for (size_t i = 0; i < count; i++) {
        printf("top %zu %s %08" PRIx32 "\n", best[i].class_index, best[i].label,
               bits(best[i].logit));
    }
    resnet_session_free(session);
    free(images);
    free(logits);
}

int main(int argc, char **argv) {
    if (argc != 6) {
        return 2;
    }
    size_t length, pixel_bytes;
    uint8_t *weights = read_file(argv[2], &length);
    uint8_t *pixels = read_file(argv[5], &pixel_bytes);
    ResnetDevice *device;
    ResnetModel *model;
    ResnetClassifier *classifier;
    check(resnet_device_open(argv[1], &device));
    check(resnet_model_open_memory(weights, length, NULL, &model));
    /* The model has a copy of the bytes. */
    free(weights);
    check(resnet_classifier_new(device, model, NULL, &classifier));
    run(device, model);
    /* The classifier keeps what it needs of the model and the device. */
    resnet_model_free(model);
    resnet_device_free(device);
    classify(classifier, pixels, (uint32_t)atoi(argv[3]), (uint32_t)atoi(argv[4]));
    resnet_classifier_free(classifier);
    free(pixels);
    return 0;
}
