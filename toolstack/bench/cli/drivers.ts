import {drivers} from '../drivers/index.ts';
import {formatSize} from '../figures.ts';

/** `pvsim bench drivers` */
export const listDrivers = (): void => {
  const lines = drivers.map(({device, name, about, limits: {minBytes, maxBytes, maxDepth, maxQueues}}) => {
    const queues = maxQueues === 1 ? '' : ` on each of ${maxQueues} queues`;
    const limits = `${formatSize(minBytes)} to ${formatSize(maxBytes)}, ${maxDepth} at once${queues}`;
    return `${device.padEnd(8)} ${name.padEnd(16)} ${about} (${limits})\n`;
  });
  process.stdout.write(lines.join(''));
};
