import type {Result} from '../verdict.ts';
import {escapeMarkup} from './escape.ts';
import {type ConformReport, explanation, replayCommand} from './report.ts';
import {type Standing, standingOf} from './standing.ts';

const elements: Partial<Record<Standing, string>> = {
  fail: 'failure',
  error: 'error',
  inconclusive: 'skipped',
  deviates: 'skipped',
};

const testcase = (result: Result, standing: Standing): string => {
  const {clause, check, wallMs} = result;
  const head = `    <testcase classname="${escapeMarkup(clause)}" name="${escapeMarkup(check)}" time="${wallMs / 1000}"`;
  const element = elements[standing];
  if (element === undefined) return `${head}/>`;
  const steps = (result.steps ?? []).map(({timeNs, who, what}) => `${timeNs} ${who} ${what}`);
  const body = [replayCommand(result), ...(result.dump ?? []), ...steps].join('\n');
  const text = element === 'skipped' ? '' : escapeMarkup(body);
  return `${head}><${element} message="${escapeMarkup(explanation(result))}">${text}</${element}></testcase>`;
};

const suite = ({iut, results, profiles}: ConformReport): string => {
  const standings = results.map((result) => standingOf(result, profiles));
  const count = (...wanted: Standing[]): number => standings.filter((each) => wanted.includes(each)).length;
  const counts = `tests="${results.length}" failures="${count('fail')}" errors="${count('error')}" skipped="${count('inconclusive', 'deviates')}"`;
  const cases = results.map((result, i) => testcase(result, standings[i]));
  return [`  <testsuite name="${escapeMarkup(iut)}" ${counts}>`, ...cases, '  </testsuite>'].join('\n');
};

/** A suite for each implementation, a test case for each check. */
export const junitReport = (reports: readonly ConformReport[]): string =>
  ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...reports.map(suite), '</testsuites>', ''].join('\n');
