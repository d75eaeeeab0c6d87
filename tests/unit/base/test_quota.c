/* SPDX-License-Identifier: MIT */

/* Quota: the limit, giving back, root, and records that do not pile up. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/quota.h"

#define UID_A 1000
#define UID_B 1001

static const uint64_t quota_max[QUOTA_RESOURCE_COUNT_] = {
	[QUOTA_RESOURCE_SESSIONS] = 2,
	[QUOTA_RESOURCE_PREFIXES] = 100,
};

static void user_at_the_limit_is_refused_and_discharge_restores(void **state)
{
	struct quota quota;
	struct quota_charge charges[3] = {0};

	quota_init(&quota, quota_max);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
			quota_charge(&quota, UID_A, QUOTA_RESOURCE_SESSIONS, 1, &charges[i]), 0);
	}
	assert_int_equal(quota_charge(&quota, UID_A, QUOTA_RESOURCE_SESSIONS, 1, &charges[2]),
			 QUOTA_E_EXCEEDED);
	assert_null(charges[2].user);
	assert_int_equal(quota_used(&quota, UID_A, QUOTA_RESOURCE_SESSIONS), 2);
	assert_int_equal(quota.n_refused[QUOTA_RESOURCE_SESSIONS], 1);

	quota_discharge(&charges[0]);
	assert_int_equal(quota_used(&quota, UID_A, QUOTA_RESOURCE_SESSIONS), 1);
	assert_int_equal(quota_charge(&quota, UID_A, QUOTA_RESOURCE_SESSIONS, 1, &charges[2]), 0);

	for (size_t i = 0; i < 3; i++) {
		quota_discharge(&charges[i]);
	}
	quota_fini(&quota);
}

static void users_and_resources_do_not_touch_each_other(void **state)
{
	struct quota quota;
	struct quota_charge a = {0};
	struct quota_charge b = {0};
	struct quota_charge c = {0};

	quota_init(&quota, quota_max);
	assert_int_equal(quota_charge(&quota, UID_A, QUOTA_RESOURCE_SESSIONS, 2, &a), 0);
	assert_int_equal(quota_charge(&quota, UID_B, QUOTA_RESOURCE_SESSIONS, 2, &b), 0);
	assert_int_equal(quota_charge(&quota, UID_A, QUOTA_RESOURCE_PREFIXES, 100, &c), 0);
	assert_int_equal(quota_used(&quota, UID_B, QUOTA_RESOURCE_PREFIXES), 0);

	quota_discharge(&a);
	assert_int_equal(quota_used(&quota, UID_A, QUOTA_RESOURCE_SESSIONS), 0);
	assert_int_equal(quota_used(&quota, UID_A, QUOTA_RESOURCE_PREFIXES), 100);
	assert_int_equal(quota_used(&quota, UID_B, QUOTA_RESOURCE_SESSIONS), 2);
	quota_discharge(&b);
	quota_discharge(&c);
	quota_fini(&quota);
}

static void root_is_counted_but_never_refused(void **state)
{
	struct quota quota;
	struct quota_charge charge = {0};
	struct quota_charge too_much = {0};

	quota_init(&quota, quota_max);
	assert_int_equal(quota_charge(&quota, 0, QUOTA_RESOURCE_QUEUES, 1000, &charge), 0);
	assert_int_equal(quota_used(&quota, 0, QUOTA_RESOURCE_QUEUES), 1000);

	/* Only a number that cannot be counted is too much, for root too. */
	assert_int_equal(quota_charge(&quota, 0, QUOTA_RESOURCE_QUEUES, UINT64_MAX, &too_much),
			 QUOTA_E_EXCEEDED);
	quota_discharge(&charge);
	quota_fini(&quota);
}

static void amount_over_the_limit_is_refused_at_once(void **state)
{
	struct quota quota;
	struct quota_charge charge = {0};

	quota_init(&quota, quota_max);
	assert_int_equal(quota_charge(&quota, UID_A, QUOTA_RESOURCE_PREFIXES, 101, &charge),
			 QUOTA_E_EXCEEDED);
	assert_int_equal(quota_charge(&quota, UID_A, QUOTA_RESOURCE_PREFIXES, UINT64_MAX, &charge),
			 QUOTA_E_EXCEEDED);
	assert_int_equal(quota_charge(&quota, UID_A, QUOTA_RESOURCE_QUEUES, 1, &charge),
			 QUOTA_E_EXCEEDED);
	assert_int_equal(quota.users.n_entries, 0);
	quota_fini(&quota);
}

static void records_live_as_long_as_charges(void **state)
{
	struct quota quota;

	quota_init(&quota, quota_max);
	for (uid_t uid = 1; uid < 1000; uid++) {
		struct quota_charge charge = {0};

		assert_int_equal(quota_charge(&quota, uid, QUOTA_RESOURCE_SESSIONS, 1, &charge), 0);
		assert_int_equal(quota.users.n_entries, 1);
		quota_discharge(&charge);
		quota_discharge(&charge);
		assert_int_equal(quota.users.n_entries, 0);
	}
	quota_fini(&quota);
	quota_fini(NULL);
}

static void failed_allocation_charges_nothing(void **state)
{
	for (uint64_t n = 1; n <= 2; n++) {
		struct quota quota;
		struct quota_charge charge = {0};

		quota_init(&quota, quota_max);
		(void)mem_fail_at(n);
		assert_int_equal(quota_charge(&quota, UID_A, QUOTA_RESOURCE_SESSIONS, 1, &charge),
				 -ENOMEM);
		assert_int_equal(mem_fail_at(0), n);
		assert_null(charge.user);
		assert_int_equal(quota.users.n_entries, 0);
		quota_fini(&quota);
	}
}

static void every_resource_has_a_name(void **state)
{
	for (int i = 0; i < QUOTA_RESOURCE_COUNT_; i++) {
		assert_non_null(quota_resource_name((enum quota_resource)i));
	}
	assert_string_equal(quota_resource_name(QUOTA_RESOURCE_PREFIXES), "MaxPrefixesPerUser");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_at_the_limit_is_refused_and_discharge_restores),
		cmocka_unit_test(users_and_resources_do_not_touch_each_other),
		cmocka_unit_test(root_is_counted_but_never_refused),
		cmocka_unit_test(amount_over_the_limit_is_refused_at_once),
		cmocka_unit_test(records_live_as_long_as_charges),
		cmocka_unit_test(failed_allocation_charges_nothing),
		cmocka_unit_test(every_resource_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
