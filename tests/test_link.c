/* SPDX-License-Identifier: MIT */
/* Framing: what is sent arrives, and what is damaged never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "link/link.h"

/* ---- known answers ---- */

static void test_crc(void **state) {
    (void)state;
    static const char digits[] = "123456789"; /* the check value of CRC-16/IBM-3740 */
    uint32_t crc = 0xFFFF;
    for (const char *digit = digits; *digit; digit++) crc = dime_link_crc(crc, (uint8_t)*digit);
    assert_int_equal(crc, 0x29B1);
}

/* The example of docs/link.md. */
static void test_wire(void **state) {
    (void)state;
    static const uint8_t expected[] = {0x00, 0x03, 0x02, 0x07, 0x03, 0x3B, 0x6B, 0x00};
    uint8_t wire[DIME_LINK_MOST_WIRE];
    uint32_t size = dime_link_encode(DIME_LINK_ASK, 7, NULL, 0, wire);
    assert_int_equal(size, sizeof expected);
    assert_memory_equal(wire, expected, size);
}

/* ---- any frame ---- */

struct counts {
    uint32_t frames, damaged;
};

static struct counts feed(struct dime_link_receiver *receiver, struct dime_link_frame *frame,
                          const uint8_t *bytes, uint32_t size) {
    struct counts counts = {0};
    for (uint32_t i = 0; i < size; i++) {
        enum dime_link_event event = dime_link_receive(receiver, frame, bytes[i]);
        counts.frames += event == DIME_LINK_FRAME;
        counts.damaged += event == DIME_LINK_DAMAGED;
    }
    return counts;
}

/* Zeros are frequent, and so are runs without any. */
static uint32_t make_payload(struct dime_random *random, uint8_t *payload) {
    uint32_t length = dime_random_below(random, DIME_LINK_MOST_PAYLOAD + 1);
    uint32_t zeros = dime_random_below(random, 4);
    for (uint32_t i = 0; i < length; i++)
        payload[i] = dime_random_below(random, 3) < zeros ? 0 : (uint8_t)dime_random_next(random);
    return length;
}

static void test_round_trip(void **state) {
    (void)state;
    struct dime_random random = dime_random_stream(1, 0, 0);
    struct dime_link_receiver receiver = {0};
    struct dime_link_frame frame;
    uint8_t payload[DIME_LINK_MOST_PAYLOAD], wire[DIME_LINK_MOST_WIRE];
    for (uint32_t i = 0; i < 3000; i++) {
        uint32_t length = make_payload(&random, payload);
        uint32_t type = dime_random_below(&random, 256), sequence = dime_random_below(&random, 256);
        uint32_t size = dime_link_encode(type, sequence, payload, length, wire);
        assert_int_equal(size, length + 8);
        for (uint32_t j = 1; j + 1 < size; j++) assert_int_not_equal(wire[j], 0);
        struct counts counts = feed(&receiver, &frame, wire, size);
        assert_int_equal(counts.frames, 1);
        assert_int_equal(counts.damaged, 0);
        assert_int_equal(frame.type, type);
        assert_int_equal(frame.sequence, sequence);
        assert_int_equal(frame.length, length);
        assert_memory_equal(frame.payload, payload, length);
    }
}

static void expect_next(struct dime_link_receiver *receiver, struct dime_link_frame *frame) {
    uint8_t wire[DIME_LINK_MOST_WIRE];
    uint32_t size = dime_link_encode(DIME_LINK_ASK, 99, NULL, 0, wire);
    struct counts counts = feed(receiver, frame, wire, size);
    assert_int_equal(counts.frames, 1);
    assert_int_equal(frame->type, DIME_LINK_ASK);
    assert_int_equal(frame->sequence, 99);
}

/* Every single flipped bit, every lost byte and every doubled one is noticed, and the next frame arrives. */
static void test_single_faults(void **state) {
    (void)state;
    struct dime_random random = dime_random_stream(2, 0, 0);
    struct dime_link_frame frame;
    uint8_t payload[DIME_LINK_MOST_PAYLOAD], wire[DIME_LINK_MOST_WIRE + 1], bad[DIME_LINK_MOST_WIRE + 1];
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t size =
            dime_link_encode(DIME_LINK_PICTURE, round, payload, make_payload(&random, payload), wire);
        for (uint32_t at = 1; at + 1 < size; at++) {
            for (uint32_t fault = 0; fault < 10; fault++) {
                struct dime_link_receiver receiver = {0};
                uint32_t length = size;
                memcpy(bad, wire, size);
                if (fault < 8) bad[at] ^= (uint8_t)(1u << fault);
                if (fault == 8) memmove(bad + at, bad + at + 1, --length - at);
                if (fault == 9) memmove(bad + at + 1, bad + at, length++ - at);
                assert_int_equal(feed(&receiver, &frame, bad, length).frames, 0);
                expect_next(&receiver, &frame);
            }
        }
    }
}

/* Bytes without end or sense: nothing is written beyond the frame (the sanitizers watch), the next arrives.
 */
static void test_noise(void **state) {
    (void)state;
    struct dime_random random = dime_random_stream(3, 0, 0);
    struct dime_link_receiver receiver = {0};
    struct dime_link_frame frame;
    uint32_t frames = 0;
    for (uint32_t i = 0; i < 200000; i++) {
        uint8_t byte =
            (uint8_t)(i % 20000 < 10000 ? 1 + dime_random_below(&random, 255) : dime_random_next(&random));
        frames += dime_link_receive(&receiver, &frame, byte) == DIME_LINK_FRAME;
    }
    assert_true(frames <= 1); /* about 390 ends with a chance of 2^-24 each */
    dime_link_receive(&receiver, &frame, 0);
    expect_next(&receiver, &frame);
}

/* A frame that is right but for its size, in blocks of COBS: too long, and from 176 bytes on its length byte
   says so, too. */
static void test_long_frames(void **state) {
    (void)state;
    struct dime_link_receiver receiver = {0};
    struct dime_link_frame frame;
    for (uint32_t length = DIME_LINK_MOST_PAYLOAD - 1; length < 256; length++) {
        uint8_t wire[300] = {0};
        uint32_t crc = 0xFFFF, end = 2, blocks = 1;
        wire[end++] = DIME_LINK_RESULT;
        wire[end++] = 1;
        wire[end++] = (uint8_t)length;
        for (uint32_t i = 0; i < length; i++) wire[end++] = 9;
        for (uint32_t i = 2; i < end; i++) crc = dime_link_crc(crc, wire[i]);
        wire[end++] = (uint8_t)(crc >> 8);
        wire[end++] = (uint8_t)crc;
        for (uint32_t i = 2, code = 1; i <= end; i++) {
            if (i < end && wire[i]) continue;
            if (i - code > 254) blocks = 0; /* a receiver does not know longer blocks */
            wire[code] = (uint8_t)(i - code);
            code = i;
        }
        if (blocks)
            assert_int_equal(feed(&receiver, &frame, wire + 1, end).frames, length <= DIME_LINK_MOST_PAYLOAD);
        expect_next(&receiver, &frame);
    }
}

/* ---- payloads ---- */

static struct dime_link_frame through(const uint8_t *wire, uint32_t size) {
    struct dime_link_receiver receiver = {0};
    struct dime_link_frame frame;
    assert_int_equal(feed(&receiver, &frame, wire, size).frames, 1);
    return frame;
}

static void test_payloads(void **state) {
    (void)state;
    uint8_t wire[DIME_LINK_MOST_WIRE], pixels[DIME_LINK_MOST_PIXELS];
    for (uint32_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 37);
    struct dime_link_picture picture = {1, 320, 240, 76800 - 128, sizeof pixels, pixels, 0}, got;
    struct dime_link_frame frame = through(wire, dime_link_send_picture(&picture, 5, wire));
    assert_int_equal(frame.sequence, 5);
    assert_true(dime_link_read_picture(&frame, &got));
    assert_int_equal(got.prepared, 1);
    assert_int_equal(got.width, 320);
    assert_int_equal(got.height, 240);
    assert_int_equal(got.offset, 76800 - 128);
    assert_int_equal(got.count, sizeof pixels);
    assert_memory_equal(got.pixels, pixels, sizeof pixels);

    struct dime_link_result result = {DIME_LINK_NO_DIGIT, 2, 9, -123456, 4000000000u}, result_got;
    frame = through(wire, dime_link_send_result(&result, 6, wire));
    assert_true(dime_link_read_result(&frame, &result_got));
    assert_int_equal(result_got.class, DIME_LINK_NO_DIGIT);
    assert_int_equal(result_got.finding, 2);
    assert_int_equal(result_got.best, 9);
    assert_int_equal(result_got.margin, -123456);
    assert_true(result_got.cycles == 4000000000u);

    struct dime_link_status status = {1, 16, 10, 1008, 65535, 258, 513}, status_got;
    frame = through(wire, dime_link_send_status(&status, 7, wire));
    assert_true(dime_link_read_status(&frame, &status_got));
    assert_int_equal(status_got.version, 1);
    assert_int_equal(status_got.input_size, 16);
    assert_int_equal(status_got.classes, 10);
    assert_int_equal(status_got.cells, 1008);
    assert_int_equal(status_got.pictures, 65535);
    assert_int_equal(status_got.damaged, 258);
    assert_int_equal(status_got.dropped, 513);
    assert_false(dime_link_read_result(&frame, &result_got));

    struct dime_link_error error = {DIME_LINK_FAULT_GAP, 70000}, error_got;
    frame = through(wire, dime_link_send_error(&error, 8, wire));
    assert_true(dime_link_read_error(&frame, &error_got));
    assert_int_equal(error_got.fault, DIME_LINK_FAULT_GAP);
    assert_int_equal(error_got.detail, 70000);

    uint32_t wanted;
    frame = through(wire, dime_link_send_accepted(76800, 9, wire));
    assert_true(dime_link_read_accepted(&frame, &wanted));
    assert_int_equal(wanted, 76800);
}

/* Sends a picture in packed parts, and gets it back. Returns the bytes on the wire. */
static uint32_t send_packed(const uint8_t *pixels, uint32_t side) {
    uint8_t got[28 * 28], wire[DIME_LINK_MOST_WIRE];
    uint32_t bytes = 0;
    memset(got, 77, sizeof got);
    for (uint32_t offset = 0; offset < side * side;) {
        struct dime_link_picture part = {DIME_LINK_PACKED, side, side, offset, side * side - offset,
                                         pixels + offset,  0};
        uint32_t size = dime_link_send_packed(&part, 1, wire), count = part.count;
        struct dime_link_frame frame = through(wire, size);
        assert_true(dime_link_read_picture(&frame, &part));
        assert_int_equal(part.count, count);
        dime_link_unpack(&part, got + offset);
        offset += count;
        bytes += size;
    }
    assert_memory_equal(got, pixels, side * side);
    return bytes;
}

static void test_packed(void **state) {
    (void)state;
    uint8_t pixels[28 * 28] = {0};
    assert_int_equal(send_packed(pixels, 28), DIME_LINK_MOST_WIRE - DIME_LINK_MOST_PIXELS + 8);
    struct dime_random random = dime_random_stream(9, 1, 1);
    for (uint32_t share = 1; share < 100; share += 7) { /* a zero in so many */
        for (uint32_t i = 0; i < sizeof pixels; i++)
            pixels[i] =
                (uint8_t)(dime_random_below(&random, share) ? 1 + dime_random_below(&random, 255) : 0);
        send_packed(pixels, 28);
        send_packed(pixels, 16);
    }
}

static const uint8_t pixels_of_one[3] = {1, 1, 1};

static void test_impossible_packing(void **state) {
    (void)state;
    /* A count is missing, is 0, is beyond the picture. */
    static const uint8_t cases[][3] = {{5, 7, 0}, {0, 0, 9}, {0, 4, 0}, {0, 255, 3}};
    uint8_t wire[DIME_LINK_MOST_WIRE];
    struct dime_link_picture picture;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dime_link_picture part = {DIME_LINK_PACKED, 8, 8, 0, 3, cases[i], 0};
        struct dime_link_frame frame = through(wire, dime_link_send_picture(&part, 0, wire));
        assert_false(dime_link_read_picture(&frame, &picture));
        part.prepared = 3; /* not known */
        part.pixels = pixels_of_one;
        frame = through(wire, dime_link_send_picture(&part, 0, wire));
        assert_false(dime_link_read_picture(&frame, &picture));
        part.prepared = DIME_LINK_PACKED;
        frame = through(wire, dime_link_send_picture(&part, 0, wire));
        assert_true(dime_link_read_picture(&frame, &picture));
    }
}

static void test_impossible_pictures(void **state) {
    (void)state;
    static const struct {
        uint16_t width, height;
        uint32_t offset, count;
    } cases[] = {
        {0, 10, 0, 1},     {10, 0, 0, 1},           {4097, 1, 0, 1}, {16, 16, 256, 1},
        {16, 16, 200, 57}, {16, 16, 0xFFFFFFFF, 2}, {16, 16, 0, 0},
    };
    uint8_t wire[DIME_LINK_MOST_WIRE], pixels[DIME_LINK_MOST_PIXELS] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dime_link_picture picture = {
            0, cases[i].width, cases[i].height, cases[i].offset, cases[i].count, pixels, 0};
        struct dime_link_frame frame = through(wire, dime_link_send_picture(&picture, 0, wire));
        assert_false(dime_link_read_picture(&frame, &picture));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc),
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_impossible_packing),
        cmocka_unit_test(test_wire),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_single_faults),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_long_frames),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_impossible_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
