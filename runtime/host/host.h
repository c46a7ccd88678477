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
 * --sweep, before any of these: everything that the worker has started and left behind
 * ends with its host, even after a normal end, as with the command itself. Launchers start
 * `sluice worker`, with the transport's descriptors open. The host is chosen by what is
 * given; a native program replaces this process. Without --transport the environment
 * (transport.h) names it, otherwise it is stdio; on a terminal that is refused with a hint
 * on how to start a worker.
 */
#pragma once

/* argv as main got it, argv[1] being "worker"; returns the process's exit status.
 * A worker that cannot start tells the parent in frames; an invalid command line is
 * reported on stderr. */
int sl_host_main(int argc, char **argv);
