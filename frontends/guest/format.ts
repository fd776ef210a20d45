const BINARY_UNITS = ['B', 'K', 'M', 'G', 'T', 'P'];

/** As lsblk has it: at most one decimal, none when it is 0: "64M", "1.5G", "512B". */
export const formatSize = (bytes: number): string => {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BINARY_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1).replace(/\.0$/, '')}${BINARY_UNITS[unit]}`;
};

/** Rows as lines; every column as wide as its widest cell. */
export const formatColumns = (rows: readonly (readonly string[])[], align: readonly ('left' | 'right')[]): string[] => {
  const widths = align.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (align[column] === 'left' ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join(' ')
      .trimEnd(),
  );
};
