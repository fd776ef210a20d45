import type {Run} from '../command.ts';
import {changeMedium} from '../change-medium.ts';

export const run: Run = (xl, _options, [domain, vdev, target]) => changeMedium(xl, domain, vdev, target);
