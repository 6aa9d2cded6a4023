/*
 * Makes every mistake that the library can detect. Each mistake must return a status
 * and a text, and the handles must still work afterwards.
 *
 *   hostile WEIGHTS
 *
 * WEIGHTS is a valid checkpoint; the program damages copies of it in memory.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <resnet_wgpu.h>

static int failures = 0;

/* Expects that status, and that text in the error. */
#define REFUSED(status, text, call) refused(__LINE__, #call, RESNET_STATUS_##status, text, call)
#define OK(call) expect(__LINE__, #call, (call) == RESNET_STATUS_OK)
#define EXPECT(condition) expect(__LINE__, #condition, condition)

static void expect(int line, const char *what, int holds) {
    if (!holds) {
        printf("line %d: %s: last error: %s\n", line, what, resnet_last_error());
        failures++;
    }
}

static void refused(int line, const char *call, ResnetStatus expected, const char *text,
                    ResnetStatus found) {
    if (found != expected || strstr(resnet_last_error(), text) == NULL) {
        printf("line %d: %s: expected status %d and `%s`, found %d and `%s`\n", line, call,
               (int)expected, text, (int)found, resnet_last_error());
        failures++;
    }
}

static void devices(void) {
    ResnetDevice *device = (ResnetDevice *)&failures;
    EXPECT(strcmp(resnet_last_error(), "") == 0);
    REFUSED(INVALID_ARGUMENT, "`selector`: expected text, found NULL",
            resnet_device_open(NULL, &device));
    EXPECT(device == NULL);
    REFUSED(INVALID_ARGUMENT, "`device`", resnet_device_open("cpu", NULL));
    REFUSED(INVALID_ARGUMENT, "aligned",
            resnet_device_open("cpu", (ResnetDevice **)((char *)&device + 1)));
    REFUSED(INVALID_ARGUMENT, "empty", resnet_device_open(" ", &device));
    REFUSED(INVALID_ARGUMENT, "UTF-8", resnet_device_open("\xff\xfe", &device));
    REFUSED(NO_DEVICE, "no ", resnet_device_open("no such device", &device));
    EXPECT(resnet_device_name(NULL) == NULL);

    ResnetDeviceList *list;
    REFUSED(INVALID_ARGUMENT, "`list`", resnet_device_list_new(NULL));
    OK(resnet_device_list_new(&list));
    size_t count = resnet_device_list_count(list);
    EXPECT(resnet_device_list_name(list, count) == NULL);
    EXPECT(strstr(resnet_last_error(), "`index`") != NULL);
    EXPECT(resnet_device_list_backend(list, SIZE_MAX) == NULL);
    EXPECT(resnet_device_list_kind(list, count) == NULL);
    EXPECT(resnet_device_list_count(NULL) == 0);
    EXPECT(resnet_device_list_name(NULL, 0) == NULL);
    EXPECT(resnet_device_list_backend(NULL, 0) == NULL);
    EXPECT(resnet_device_list_kind(NULL, 0) == NULL);
    resnet_device_list_free(list);
    resnet_device_list_free(NULL);
    resnet_device_free(NULL);
    /* Freeing returns no status and ignores a pointer that cannot be a handle. */
    resnet_device_free((ResnetDevice *)((char *)&list + 1));
    EXPECT(strstr(resnet_last_error(), "`device`") != NULL);
}

static void models(const uint8_t *weights, size_t length) {
    ResnetModel *model;
    REFUSED(IO, "no-such-file", resnet_model_open_file("/no-such-file", NULL, &model));
    EXPECT(model == NULL);
    REFUSED(IO, "a directory", resnet_model_open_file("/", NULL, &model));
    REFUSED(IO, "cannot be read", resnet_model_open_file("", NULL, &model));
    REFUSED(INVALID_ARGUMENT, "`model`", resnet_model_open_file(NULL, NULL, NULL));
    REFUSED(INVALID_ARGUMENT, "expected a preset, such as ", resnet_model_open_file(NULL, "alexnet", &model));
    REFUSED(INVALID_ARGUMENT, "`network`", resnet_model_open_file(NULL, "resnet20", &model));
    REFUSED(INVALID_ARGUMENT, "`bytes`", resnet_model_open_memory(NULL, 8, NULL, &model));
    REFUSED(INVALID_ARGUMENT, "memory can hold",
            resnet_model_open_memory(weights, SIZE_MAX, NULL, &model));
    REFUSED(INVALID_ARGUMENT, "UTF-8", resnet_model_open_memory(weights, length, "\xff", &model));
    REFUSED(INVALID_ARGUMENT, "`model`", resnet_model_open_memory(weights, length, NULL, NULL));
    REFUSED(INVALID_MODEL, "do not fit",
            resnet_model_open_memory(weights, length, "resnet18", &model));

    /* A file that is cut off anywhere is broken. */
    for (size_t cut = 0; cut < length; cut += cut < 64 ? 1 : length / 97) {
        uint8_t *part = malloc(cut > 0 ? cut : 1);
        memcpy(part, weights, cut);
        REFUSED(INVALID_MODEL, "memory", resnet_model_open_memory(part, cut, NULL, &model));
        free(part);
    }
    EXPECT(resnet_model_network(NULL) == NULL);
    EXPECT(resnet_model_classes(NULL) == 0);
    EXPECT(resnet_model_input_size(NULL) == 0);
    EXPECT(resnet_model_label(NULL, 0) == NULL);
    OK(resnet_model_open_memory(weights, length, "resnet20", &model));
    EXPECT(resnet_model_label(model, 10) == NULL);
    EXPECT(strstr(resnet_last_error(), "10 classes") != NULL);
    EXPECT(strcmp(resnet_model_label(model, 3), "cat") == 0);
    resnet_model_free(model);
    resnet_model_free(NULL);
}

static void options(const ResnetDevice *device, const ResnetModel *model) {
    const float grey[3] = {0.5f, 0.5f, 0.5f}, flat[3] = {1.0f, 0.0f, 1.0f};
    const double zero = 0.0;
    ResnetOptions *options;
    ResnetSession *session;
    ResnetClassifier *classifier;
    REFUSED(INVALID_ARGUMENT, "`options`", resnet_options_new(NULL));
    OK(resnet_options_new(&options));
    REFUSED(INVALID_ARGUMENT, "`options`", resnet_options_set_batch(NULL, 1));
    REFUSED(INVALID_ARGUMENT, "`batch`", resnet_options_set_batch(options, 0));
    REFUSED(INVALID_ARGUMENT, "`options`", resnet_options_set_precision(NULL, "f32"));
    REFUSED(INVALID_ARGUMENT, "`precision`", resnet_options_set_precision(options, NULL));
    REFUSED(INVALID_ARGUMENT, "found `f64`", resnet_options_set_precision(options, "f64"));
    REFUSED(INVALID_ARGUMENT, "`options`", resnet_options_set_input_size(NULL, 32));
    REFUSED(INVALID_ARGUMENT, "`input_size`", resnet_options_set_input_size(options, 0));
    REFUSED(INVALID_ARGUMENT, "`options`", resnet_options_set_crop_pct(NULL, 1.0));
    REFUSED(INVALID_ARGUMENT, "`crop_pct`", resnet_options_set_crop_pct(options, -1.0));
    REFUSED(INVALID_ARGUMENT, "NaN", resnet_options_set_crop_pct(options, zero / zero));
    REFUSED(INVALID_ARGUMENT, "`options`", resnet_options_set_interpolation(NULL, "bicubic"));
    REFUSED(INVALID_ARGUMENT, "`interpolation`", resnet_options_set_interpolation(options, NULL));
    REFUSED(INVALID_ARGUMENT, "blurry", resnet_options_set_interpolation(options, "blurry"));
    REFUSED(INVALID_ARGUMENT, "`options`", resnet_options_set_normalization(NULL, grey, grey));
    REFUSED(INVALID_ARGUMENT, "`mean`", resnet_options_set_normalization(options, NULL, grey));
    REFUSED(INVALID_ARGUMENT, "`std`", resnet_options_set_normalization(options, grey, NULL));
    REFUSED(INVALID_ARGUMENT, "`std`", resnet_options_set_normalization(options, grey, flat));

    /* These options are checked only together with a model and a device. */
    OK(resnet_options_set_precision(options, "f16"));
    REFUSED(UNSUPPORTED, "f16", resnet_session_new(device, model, options, &session));
    REFUSED(UNSUPPORTED, "f16", resnet_classifier_new(device, model, options, &classifier));
    OK(resnet_options_set_precision(options, "auto"));
    OK(resnet_options_set_input_size(options, SIZE_MAX));
    REFUSED(INVALID_ARGUMENT, "input size",
            resnet_classifier_new(device, model, options, &classifier));
    REFUSED(UNSUPPORTED, "", resnet_session_new(device, model, options, &session));
    OK(resnet_options_set_input_size(options, 32));
    OK(resnet_options_set_batch(options, SIZE_MAX));
    OK(resnet_session_new(device, model, options, &session));
    resnet_session_free(session);
    resnet_options_free(options);
    resnet_options_free(NULL);
}

static void classifiers(const ResnetDevice *device, const ResnetModel *model) {
    static uint8_t pixels[5 * 5 * 4];
    ResnetClassifier *c = NULL;
    ResnetPrediction best[16];
    size_t n = 99;
    REFUSED(INVALID_ARGUMENT, "`device`", resnet_classifier_new(NULL, model, NULL, &c));
    REFUSED(INVALID_ARGUMENT, "`model`", resnet_classifier_new(device, NULL, NULL, &c));
    REFUSED(INVALID_ARGUMENT, "`classifier`", resnet_classifier_new(device, model, NULL, NULL));
    OK(resnet_classifier_new(device, model, NULL, &c));
    REFUSED(INVALID_ARGUMENT, "`classifier`", resnet_classifier_recreate(NULL, device));
    REFUSED(INVALID_ARGUMENT, "`device`", resnet_classifier_recreate(c, NULL));
    /* The checks below use the recreated classifier. */
    OK(resnet_classifier_recreate(c, device));

    REFUSED(INVALID_ARGUMENT, "`classifier`",
            resnet_classify_rgb(NULL, pixels, 5, 5, 0, 1, best, &n));
    EXPECT(n == 0);
    REFUSED(INVALID_ARGUMENT, "`pixels`", resnet_classify_rgb(c, NULL, 5, 5, 0, 1, best, &n));
    REFUSED(INVALID_ARGUMENT, "`width`", resnet_classify_rgb(c, pixels, 0, 5, 0, 1, best, &n));
    REFUSED(INVALID_ARGUMENT, "`height`", resnet_classify_rgb(c, pixels, 5, 0, 0, 1, best, &n));
    REFUSED(INVALID_ARGUMENT, "at least the 15 bytes",
            resnet_classify_rgb(c, pixels, 5, 5, 14, 1, best, &n));
    REFUSED(INVALID_ARGUMENT, "at least the 20 bytes",
            resnet_classify_rgba(c, pixels, 5, 5, 15, 1, best, &n));
    REFUSED(INVALID_ARGUMENT, "memory can hold",
            resnet_classify_rgb(c, pixels, 5, 5, SIZE_MAX, 1, best, &n));
    REFUSED(INVALID_ARGUMENT, "memory can hold",
            resnet_classify_rgb(c, pixels, 5, 3, SIZE_MAX / 2, 1, best, &n));
    REFUSED(INVALID_ARGUMENT, "memory can hold",
            resnet_classify_rgba(c, pixels, UINT32_MAX, UINT32_MAX, 0, 1, best, &n));
    REFUSED(INVALID_ARGUMENT, "`k`", resnet_classify_rgb(c, pixels, 5, 5, 0, 0, best, &n));
    REFUSED(INVALID_ARGUMENT, "`predictions`",
            resnet_classify_rgb(c, pixels, 5, 5, 0, 1, NULL, &n));
    REFUSED(INVALID_ARGUMENT, "`predictions`",
            resnet_classify_rgba(c, pixels, 5, 5, 0, SIZE_MAX, best, &n));
    REFUSED(INVALID_ARGUMENT, "`count`", resnet_classify_rgb(c, pixels, 5, 5, 0, 1, best, NULL));

    /* The classifier still works and returns at most as many classes as exist. One
     * pixel is a valid picture. */
    OK(resnet_classify_rgb(c, pixels, 5, 5, 0, 16, best, &n));
    EXPECT(n == 10);
    OK(resnet_classify_rgba(c, pixels, 1, 1, 4, 1, best, &n));
    EXPECT(n == 1 && best[0].label != NULL);
    resnet_classifier_free(c);
    resnet_classifier_free(NULL);
}

static void sessions(const ResnetDevice *device, const ResnetModel *model) {
    static float x[32 * 32 * 3], y[10];
    ResnetSession *s = NULL;
    ResnetPrediction best[4];
    size_t n = 99;
    REFUSED(INVALID_ARGUMENT, "`device`", resnet_session_new(NULL, model, NULL, &s));
    REFUSED(INVALID_ARGUMENT, "`model`", resnet_session_new(device, NULL, NULL, &s));
    REFUSED(INVALID_ARGUMENT, "`session`", resnet_session_new(device, model, NULL, NULL));
    OK(resnet_session_new(device, model, NULL, &s));

    REFUSED(INVALID_ARGUMENT, "`session`", resnet_run_tensor(NULL, x, 1, 32, 32, 3, y, 10));
    REFUSED(INVALID_ARGUMENT, "`images`", resnet_run_tensor(s, NULL, 1, 32, 32, 3, y, 10));
    REFUSED(INVALID_ARGUMENT, "`logits`", resnet_run_tensor(s, x, 1, 32, 32, 3, NULL, 10));
    REFUSED(INVALID_ARGUMENT, "found [0, ", resnet_run_tensor(s, x, 0, 32, 32, 3, y, 10));
    REFUSED(INVALID_ARGUMENT, "32, 32, 3]", resnet_run_tensor(s, x, 1, 64, 32, 3, y, 10));
    REFUSED(INVALID_ARGUMENT, "32, 32, 3]", resnet_run_tensor(s, x, 1, 32, 32, 4, y, 10));
    REFUSED(INVALID_ARGUMENT, "1×10 floats", resnet_run_tensor(s, x, 1, 32, 32, 3, y, 9));
    REFUSED(INVALID_ARGUMENT, "`n`", resnet_run_tensor(s, x, SIZE_MAX, 32, 32, 3, y, 10));
    REFUSED(INVALID_ARGUMENT, "`images`",
            resnet_run_tensor(s, (float *)((char *)x + 1), 1, 32, 32, 3, y, 10));
    OK(resnet_run_tensor(s, x, 1, 32, 32, 3, y, 10));
    /* The results may overwrite the images. */
    OK(resnet_run_tensor(s, x, 1, 32, 32, 3, x, 10));
    EXPECT(memcmp(x, y, sizeof y) == 0);

    REFUSED(INVALID_ARGUMENT, "`model`", resnet_top_k(NULL, y, 10, 4, best, &n));
    REFUSED(INVALID_ARGUMENT, "`logits`", resnet_top_k(model, NULL, 10, 4, best, &n));
    REFUSED(INVALID_ARGUMENT, "the 10 of", resnet_top_k(model, y, 9, 4, best, &n));
    REFUSED(INVALID_ARGUMENT, "`k`", resnet_top_k(model, y, 10, 0, best, &n));
    REFUSED(INVALID_ARGUMENT, "`predictions`", resnet_top_k(model, y, 10, 4, NULL, &n));
    REFUSED(INVALID_ARGUMENT, "`count`", resnet_top_k(model, y, 10, 4, best, NULL));
    OK(resnet_top_k(model, y, 10, 4, best, &n));
    EXPECT(n == 4 && best[0].logit >= best[1].logit);
    resnet_session_free(s);
    resnet_session_free(NULL);
}

int main(int argc, char **argv) {
    static uint8_t weights[4 << 20];
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        return 2;
    }
    size_t length = fread(weights, 1, sizeof weights, file);
    fclose(file);

    ResnetDevice *device;
    ResnetModel *model;
    devices();
    models(weights, length);
    OK(resnet_device_open("cpu", &device));
    OK(resnet_model_open_file(NULL, NULL, &model));
    options(device, model);
    classifiers(device, model);
    sessions(device, model);
    resnet_model_free(model);
    resnet_device_free(device);
    printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
