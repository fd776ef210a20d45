/** Columns as C's printf makes them. */

/** %-Ns */
export const left = (value: string | number, width: number): string => String(value).padEnd(width);

/** %Ns */
export const right = (value: string | number, width: number): string => String(value).padStart(width);

/** %0Nd */
export const zeros = (value: number, width: number): string => String(value).padStart(width, '0');
