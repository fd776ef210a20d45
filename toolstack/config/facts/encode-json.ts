/** JSON text on one line. Big integers, which JSON.stringify refuses, are written in full. */
export const encodeJson = (value: unknown): string => {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(encodeJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}:${encodeJson(field)}`);
  return `{${fields.join(',')}}`;
};
