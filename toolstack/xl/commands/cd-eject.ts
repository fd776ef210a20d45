import type {Run} from '../command.ts';
import {changeMedium} from '../change-medium.ts';

export const run: Run = (xl, _options, [domain, vdev]) => changeMedium(xl, domain, vdev, '');
