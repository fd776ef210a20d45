import {htmlReport} from './html.ts';
import {jsonReport} from './json.ts';
import {junitReport} from './junit.ts';
import {markdownMatrix} from './markdown.ts';
import type {ConformReport} from './report.ts';
import {tableReport} from './table.ts';
import {tapReport} from './tap.ts';

export const formats = {
  table: tableReport,
  tap: tapReport,
  junit: junitReport,
  json: jsonReport,
  html: htmlReport,
} as const satisfies Record<string, (reports: readonly ConformReport[]) => string>;

export type Format = keyof typeof formats;

/** Of clauses by implementations. */
export const matrixFormats = {markdown: markdownMatrix, html: htmlReport} as const;

export type MatrixFormat = keyof typeof matrixFormats;

export {joinReports} from './join.ts';
export {parseSavedReports} from './saved.ts';

export {type ConformReport, explanation} from './report.ts';
export {isFatal} from './standing.ts';
