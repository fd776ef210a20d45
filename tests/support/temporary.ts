import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';

/** An empty directory with a short path (sockets go into it) that goes with the test. */
export const temporaryDirectory = (t: ExecutionContext): string => {
  const path = mkdtempSync(join(tmpdir(), 'pv-'));
  t.teardown(() => rmSync(path, {recursive: true, force: true, maxRetries: 5}));
  return path;
};
