/*
 * frame.h - the fixed header of a frame (room: wire)
 *
 * Every frame is a header of SL_HEADER_SIZE bytes, little-endian, and a
 * payload of `length` bytes. PROTOCOL.md has the picture; this is the one
 * place in the code that knows the layout.
 */
#ifndef SL_WIRE_FRAME_H
#define SL_WIRE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define SL_PROTOCOL_VERSION 1
#define SL_HEADER_SIZE 24

/* What a worker writes before its first frame. The first byte is not UTF-8
 * and the line ends differ, so that no text and no text-mode pipe forges it. */
#define SL_MAGIC "\x93sluice\r\n\n"
#define SL_MAGIC_SIZE 10

/* The cap on a frame's payload, in bytes; negotiated within these bounds.
 * Until `configure` has been sent, the floor holds. */
#define SL_FRAME_CAP_FLOOR (64u * 1024)
#define SL_FRAME_CAP_DEFAULT (1024u * 1024)
#define SL_FRAME_CAP_CEILING (256u * 1024 * 1024)

/* X(identifier, code, name) */
#define SL_FRAME_KINDS(X)                                                \
	X(HELLO, 1, "hello")           /* child: first frame */          \
	X(CONFIGURE, 2, "configure")   /* parent: answers hello */       \
	X(REQUEST, 3, "request")       /* parent */                      \
	X(STOP, 4, "stop")             /* parent: end early, in order */ \
	X(CANCEL, 5, "cancel")         /* parent: give up */             \
	X(SHUTDOWN, 6, "shutdown")     /* parent: leave when idle */     \
	X(STREAM, 16, "stream")        /* child: names a stream */       \
	X(ROW, 17, "row")              /* child */                       \
	X(DIAGNOSTIC, 18, "diagnostic") /* child */                      \
	X(PROGRESS, 19, "progress")    /* child */                       \
	X(SUMMARY, 20, "summary")      /* child: terminal, success */    \
	X(REPLY, 21, "reply")          /* child: terminal of a call */   \
	X(FAILURE, 22, "failure")      /* child: terminal, failure */    \
	X(READY, 23, "ready")          /* child: the request is over */

enum sl_frame_kind {
#define SL_FRAME_ENUM(id, code, name) SL_FRAME_##id = code,
	SL_FRAME_KINDS(SL_FRAME_ENUM)
#undef SL_FRAME_ENUM
};

struct sl_header {
	uint32_t length;   /* of the payload, bytes */
	uint8_t version;
	uint8_t kind;      /* enum sl_frame_kind */
	uint16_t stream;   /* 0: none */
	uint64_t request;  /* 0: none */
	uint64_t sequence; /* of a row within its stream and request */
};

void sl_header_put(unsigned char out[SL_HEADER_SIZE], const struct sl_header *h);
void sl_header_get(struct sl_header *h, const unsigned char in[SL_HEADER_SIZE]);

/* "row", or NULL for a code that this version does not know. */
const char *sl_frame_kind_name(uint8_t kind);

/* A complete frame. The payload is borrowed from the decoder until its next
 * feed, and has SL_BUFFER_PADDING readable bytes after it. */
struct sl_frame {
	struct sl_header head;
	const char *payload;
	uint64_t offset; /* of the header, in bytes since the connection began */
};

#endif
