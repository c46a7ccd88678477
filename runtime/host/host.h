/*
 * host.h - the child side of the command: `sluice worker` (room: host)
 *
 *     sluice worker [--transport pipe|stdio] -- FILE.lua [ARG…]
 *     sluice worker [--transport pipe|stdio] -- FILE.so
 *     sluice worker [--transport pipe|stdio] --lines [--stream NAME] [--envelopes]
 *                   [-- COMMAND [ARG…]]
 *     sluice worker [--transport pipe|stdio] [--replay realtime] -- FILE.rows
 *     sluice worker [--transport pipe|stdio] -- PROGRAM [ARG…]
 *
 * --sweep, before any of these: what the worker has started and left ends with its
 * host, also when it ends in good order, as the command has it. Launchers start it, with the transport's descriptors open. Which host serves
 * is found out from what is given; a native program takes this process over.
 * Without --transport the environment (transport.h) says which it is, else
 * stdio; on a terminal that is refused with a word on how to start a worker.
 */
#pragma once

/* argv as main has it, argv[1] being "worker": the process's exit status. A
 * worker that cannot start says so to the parent in frames; a command line
 * that makes no sense is said on stderr too. */
int sl_host_main(int argc, char **argv);
