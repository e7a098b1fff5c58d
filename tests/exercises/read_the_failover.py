"""Answers to `read-the-failover`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from tutorial_lib.exercises.read_the_failover import solution


def what_raised_is_lost(log, promoted):  # "an error is a lost write"
    _, late, errors = solution(log, promoted)
    return errors, late, errors


def all_of_the_old_master(log, promoted):  # "the new master begins anew"
    _, late, errors = solution(log, promoted)
    return sum(node == log[0][1] for _, node, _ in log), late, errors


def only_after_the_promotion(log, promoted):  # "what came before it was replicated"
    _, late, errors = solution(log, promoted)
    return sum(node == log[0][1] and seconds > promoted for seconds, node, _ in log), late, errors


def counter_began_at_zero(log, promoted):
    _, late, errors = solution(log, promoted)
    return len(log) - errors - log[-1][2], late, errors


def one_too_few(log, promoted):  # from the last reply of the old one to the first of the new one
    _, late, errors = solution(log, promoted)
    replies = [(node, reply) for _, node, reply in log if node]
    old = [reply for node, reply in replies if node == log[0][1]]
    new = [reply for node, reply in replies if node != log[0][1]]
    return old[-1] - new[0], late, errors


def negative_seconds(log, promoted):
    lost, _, errors = solution(log, promoted)
    return lost, max(seconds for seconds, node, _ in log if node == log[0][1]) - promoted, errors


def until_the_new_one_answers(log, promoted):
    lost, _, errors = solution(log, promoted)
    return lost, next(seconds for seconds, node, _ in log if node not in (None, log[0][1])) - promoted, errors


def kinds_of_errors(log, promoted):
    lost, late, _ = solution(log, promoted)
    return lost, late, len({reply for _, _, reply in log if isinstance(reply, str)})


WRONG = {
    what_raised_is_lost: "The program knows about a write that raised",
    all_of_the_old_master: "it knows some of the old one's writes",
    only_after_the_promotion: "A write before the promotion can be lost too",
    counter_began_at_zero: "The counter's first reply is 4001",
    one_too_few: "includes the write that it answers",
    negative_seconds: "What should `late` be in that case?",
    until_the_new_one_answers: "That is when the new master answered first",
    kinds_of_errors: "how many such entries are there",
}


def since_the_log_began(log, promoted):
    lost, _, errors = solution(log, promoted)
    return lost, max(seconds for seconds, node, _ in log if node == log[0][1]), errors


ALSO_WRONG = {since_the_log_began: "From which moment should you count?"}


def in_one_loop(log, promoted):
    acknowledged, errors, late = 0, 0, 0.0
    for seconds, node, _ in log:
        if node is None:
            errors += 1
            continue
        acknowledged += 1
        if node == log[0][1] and seconds > promoted:
            late = seconds - promoted
    return acknowledged - (log[-1][2] - log[0][2] + 1), late, errors


def from_reply_to_reply(log, promoted):
    old = [(seconds, reply) for seconds, node, reply in log if node == log[0][1]]
    new = [reply for _, node, reply in log if node not in (None, log[0][1])]
    lost = old[-1][1] - (new[0] - 1)
    return [lost, round(max(0, old[-1][0] - promoted), 2), sum(isinstance(reply, str) for *_, reply in log)]


ALSO_RIGHT = [in_one_loop, from_reply_to_reply]
