import {readFileSync} from 'node:fs';
import {join} from 'node:path';

/** Absolute path of a file below tests/fixtures. Tests run from the project's root, compiled or not. */
export const fixturePath = (...parts: string[]): string => join(process.cwd(), 'tests', 'fixtures', ...parts);

export const readFixture = (...parts: string[]): string => readFileSync(fixturePath(...parts), 'utf8');

export const readJsonFixture = <T>(...parts: string[]): T => JSON.parse(readFixture(...parts)) as T;
