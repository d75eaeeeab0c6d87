/* SPDX-License-Identifier: MIT */

/*
 * Abandoned exchanges; see abandon.h.  Whether a request was taken says the application's own tail
 * counter, the last one that it published.
 */

#include "engine/abandon.h"

#include "engine/lane.h"
#include "engine/receiver.h"
#include "engine/request_sink.h"
#include "engine/worker.h"

static bool abandon_is_taken(const struct exchange *exchange)
{
	uint32_t tail = __atomic_load_n(exchange->lane->writer.tail, __ATOMIC_ACQUIRE);

	return (int32_t)(exchange->position - tail) < 0;
}

static void abandon_one(struct exchange *exchange)
{
	struct request *request = exchange->request;
	struct worker *worker = exchange->lane->worker;
	bool is_begun = exchange->state != EXCHANGE_STATE_HEAD;

	if (request == NULL) {
		lane_exchange_free(exchange);

		return;
	}

	bool is_put_back = !is_begun && !abandon_is_taken(exchange) &&
			   request->sink->on_put_back(request, exchange);
	request->exchange = NULL;
	exchange->request = NULL;
	list_remove(&request->wait_link);
	lane_exchange_free(exchange);

	if (is_put_back) {
		worker_count(worker, REQUESTS_REQUEUED);

		return;
	}
	worker_count(worker, REQUESTS_ABANDONED);
	if (is_begun) {
		request->sink->on_break(request);
	} else {
		request->sink->on_refuse(request, HTTP_REASON_CONNECTION_ABANDONED);
	}
}

void abandon_exchanges(struct lane *lane)
{
	uint32_t n_abandoned = 0;

	for (uint32_t i = 0; i < lane->area.geometry.n_slots; i++) {
		struct exchange *exchange = &lane->exchanges[i];

		if (exchange->state == EXCHANGE_STATE_NOTIFY) {
			lane_exchange_free(exchange);
		} else if (exchange->state != EXCHANGE_STATE_FREE) {
			n_abandoned++;
			abandon_one(exchange);
		}
	}

	receiver_report_abandoned(lane->receiver, n_abandoned);
}
