#include "store/intake.h"

#include "store/account_limits.h"

#include <inttypes.h>

int intake_take(struct store *s, const struct intake *in, struct body_source *body,
        uint64_t expected, uint64_t *moved, struct err *err)
{
	struct account_room room;
	uint64_t left;

	*moved = 0;
	if (account_room_now(s, in->repo, ACCOUNT_BLOB, in->digest, &room, err) < 0)
		return -1;
	left = room.size > in->offset ? room.size - in->offset : 0;
	if (room.size == UINT64_MAX)
		left = UINT64_MAX;
	if (expected != UINT64_MAX && expected > left)
		return account_room_refuse(&room, in->offset + expected, err);
	if (pump(body, in->fd, in->offset, left, in->hash, moved, err) < 0) {
		if (err->code != ERR_TOO_LARGE)
			return -1;
		err_release(err);
		return account_room_refuse(&room, room.size + 1, err);
	}
	if (expected != UINT64_MAX && *moved != expected)
		return err_set(err, ERR_SIZE_INVALID,
		        "%" PRIu64 " bytes were announced, %" PRIu64 " came", expected,
		        *moved);
	return 0;
}
