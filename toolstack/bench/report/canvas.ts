import {parseHTML} from 'linkedom';

/** Of every plot, px. */
export const WIDTH = 560;
/** Between a legend and its plot. */
export const HEAD_GAP = 14;

/** What plots are built in, where there is no browser. */
export const {document} = parseHTML('<!doctype html><html><body></body></html>');

export const style = {fontSize: '12px', fontFamily: 'system-ui, sans-serif', background: 'none', overflow: 'visible'};

export const formatTick = (value: number): string => {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(Number(value.toPrecision(6)));
};
