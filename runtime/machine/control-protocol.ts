/**
 * What is said over a machine's control socket: one JSON object a line, in both directions.
 *
 * The client sends requests, each with an id of its own; the machine answers each with that id. The first line of
 * the machine says who it is. docs/control.md describes it for other clients.
 */
import { z } from 'zod';

/** Bumped when a message changes its meaning. */
export const CONTROL_VERSION = 1;
/** Longest line of a request in bytes. */
export const MAX_LINE = 64 * 1024;

/** What a client may ask. */
export const Request = z.discriminatedUnion('ask', [
  z.strictObject({
    id: z.int(),
    ask: z.literal('sysctl'),
    name: z.string().optional(),
    value: z.number().optional(),
  }),
  z.strictObject({ id: z.int(), ask: z.literal('ps') }),
  z.strictObject({ id: z.int(), ask: z.literal('stats') }),
]);
export type ControlRequest = z.infer<typeof Request>;

/** What the machine says. */
export const Answer = z.union([
  z.object({ lwkt: z.literal(CONTROL_VERSION), pid: z.int(), cpus: z.int(), program: z.string() }),
  z.object({ id: z.int(), ok: z.literal(true), result: z.unknown() }),
  z.object({
    id: z.int().nullable(),
    ok: z.literal(false),
    error: z.object({ code: z.string(), message: z.string() }),
  }),
]);
export type ControlAnswer = z.infer<typeof Answer>;
