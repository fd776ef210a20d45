import {strtoul} from '../c-numbers.ts';
import {wordsOf} from '../key-value-spec.ts';
import type {JsonObject} from '../yajl.ts';
import {deviceList, readParameters, type Setter, type SpecReader} from './device-list.ts';
import type {Step} from './step.ts';

type Display = {backend?: string; beAlloc: boolean; connectors: string[]};

const PARAMETERS: Readonly<Record<string, Setter<Display>>> = {
  backend: (display, value) => void (display.backend = value),
  'be-alloc': (display, value) => void (display.beAlloc = strtoul(value, 0).value !== 0n),
  connectors: (display, value) => void (display.connectors = wordsOf(value, ';')),
};

const RESOLUTION = /^\s*[+-]?(\d+)(?:x\s*[+-]?(\d+))?/;
const BAD_RESOLUTION = "Can't parse connector resolution";

/** @see displif.h, "Virtual display configuration"; xl-cfg-keys.json, device_specs.vdispl */
const display: SpecReader = (item, devid, context) => {
  const {reader} = context;
  const unknown = (token: string): string => `Unknown string "${token}" in vdispl spec`;
  const start: Display = {beAlloc: false, connectors: []};
  const {backend, beAlloc, connectors} = readParameters(context, item, start, PARAMETERS, unknown);
  if (connectors.length === 0) throw reader.failAt(item, ['At least one connector should be specified.']);
  let isGood = true;
  const parsed = connectors.map((text): JsonObject => {
    // xl goes on without a resolution that has no number at all, and looks at no further connector.
    if (!isGood) return {};
    const [id, resolution = ''] = wordsOf(text, ':');
    const match = RESOLUTION.exec(resolution);
    if (match?.[2] !== undefined) return {unique_id: id, width: Number(match[1]), height: Number(match[2])};
    if (match !== null || resolution.trim() === '') throw reader.failAt(item, [BAD_RESOLUTION]);
    reader.warn(BAD_RESOLUTION);
    isGood = false;
    return {unique_id: id};
  });
  return {backend_domname: backend, devid, be_alloc: beAlloc || undefined, connectors: parsed};
};

export const DISPLAY_DEVICE_STEPS: readonly Step[] = [deviceList('vdispl', 'vdispls', display)];
