import {Presets, SingleBar} from 'cli-progress';
import {formatPoint} from '../point.ts';
import type {PointResult} from '../result.ts';

export interface Progress {
  onResult: (result: PointResult) => void;
  stop: () => void;
}

/** On stderr: a bar on a terminal, else a line now and then. */
export const showProgress = (total: number): Progress => {
  const bar = new SingleBar(
    {
      format: '{bar} {value}/{total} points, {eta_formatted} left: {point}',
      stream: process.stderr,
      noTTYOutput: true,
      notTTYSchedule: 5000,
      hideCursor: true,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0, {point: ''});
  return {onResult: ({point}) => bar.increment({point: formatPoint(point)}), stop: () => bar.stop()};
};
