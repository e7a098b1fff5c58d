"""Answers to `cluster-budget`: the mistakes that learners make, and other right ways."""

from __future__ import annotations


def shares_the_limit(maxclients, nodes, processes, others):  # "the cluster has one budget"
    limit = (maxclients - others) // (processes * nodes)
    return limit, limit * nodes


def limit_of_the_whole_client(maxclients, nodes, processes, others):  # "the client divides it among its nodes"
    limit = (maxclients - others) // processes * nodes
    return limit, limit


def forgets_the_others(maxclients, nodes, processes, others):
    limit = maxclients // processes
    return limit, limit * nodes


def others_of_all_nodes(maxclients, nodes, processes, others):
    limit = (maxclients - others * nodes) // processes
    return limit, limit * nodes


def one_pool_in_a_process(maxclients, nodes, processes, others):
    limit = (maxclients - others) // processes
    return limit, limit


def of_the_whole_fleet(maxclients, nodes, processes, others):
    limit = (maxclients - others) // processes
    return limit, limit * nodes * processes


def divides(maxclients, nodes, processes, others):
    limit = (maxclients - others) / processes
    return limit, limit * nodes


def rounds_up(maxclients, nodes, processes, others):
    limit = -(-(maxclients - others) // processes)
    return limit, limit * nodes


WRONG = {
    shares_the_limit: "Do the 3 nodes share one limit",
    limit_of_the_whole_client: "the limit of the whole client, or of each of its pools",
    forgets_the_others: "besides those of the clients",
    others_of_all_nodes: "How many of the others are connected to one node",
    one_pool_in_a_process: "how many pools are that",
    of_the_whole_fleet: "the connections of one process, not of all",
    divides: "Which operator divides and rounds down",
    rounds_up: "Do you round up or down?",
}


def of_one_process(maxclients, nodes, processes, others):
    return maxclients - others, (maxclients - others) * nodes


def only_the_limit(maxclients, nodes, processes, others):
    return (maxclients - others) // processes


def of_one_node(maxclients, nodes, processes, others):
    limit = (maxclients - others) // processes
    return limit, limit * processes


def one_in_reserve(maxclients, nodes, processes, others):
    limit = (maxclients - others) // processes - 1
    return limit, limit * nodes


ALSO_WRONG = {
    of_one_process: "How many processes open connections to the same node",
    only_the_limit: "with a comma between them",
    of_one_node: "That is what one node has",
    one_in_reserve: "What did you keep in reserve",
}


def counts_up(maxclients: int, nodes: int, processes: int, others: int) -> tuple[int, int]:
    limit = 0
    while processes * (limit + 1) + others <= maxclients:
        limit += 1
    return limit, sum(limit for _ in range(nodes))


def a_list(maxclients, nodes, processes, others):
    limit, _rest = divmod(maxclients - others, processes)
    return [limit, nodes * limit]


ALSO_RIGHT = [counts_up, a_list]
