import {CHECK_CONDITION, RESERVATION_CONFLICT, TASK_ABORTED, TASK_SET_FULL} from './api.ts';
import {
  INVALID_FIELD_IN_CDB,
  INVALID_FIELD_IN_PARAMETER_LIST,
  NO_ADDITIONAL_SENSE,
  type SenseCode,
} from './sense-codes.ts';
import type {SenseDetails} from './sense.ts';

/** A command that did not end with GOOD. */
export interface Failure {
  readonly status: number;
  readonly code: SenseCode;
  readonly details: SenseDetails;
  readonly transferBytes: number;
}

/** How a command ended: the bytes that it moves, or why it failed. */
export type Outcome = number | Failure;

/** What a command's function returns: the outcome, or a promise of it where something has to be waited for. */
export type Answer = Outcome | Promise<Outcome>;

const nothing: SenseDetails = {};

export const fail = (code: SenseCode, details: SenseDetails = nothing, transferBytes = 0): Failure => ({
  status: CHECK_CONDITION,
  code,
  details,
  transferBytes,
});

/** The CDB has a value that is not supported there. */
export const invalidField = (byte: number, bit?: number): Failure =>
  fail(INVALID_FIELD_IN_CDB, {field: {inCdb: true, byte, bit}});

export const invalidParameter = (byte: number, bit?: number): Failure =>
  fail(INVALID_FIELD_IN_PARAMETER_LIST, {field: {inCdb: false, byte, bit}});

const withStatus = (status: number): Failure => ({
  status,
  code: NO_ADDITIONAL_SENSE,
  details: nothing,
  transferBytes: 0,
});

export const reservationConflict = withStatus(RESERVATION_CONFLICT);
export const taskSetFull = withStatus(TASK_SET_FULL);
export const taskAborted = withStatus(TASK_ABORTED);
