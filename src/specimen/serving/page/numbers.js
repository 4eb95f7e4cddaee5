// Numbers as people write them: with a decimal point or comma, with or without groups of three digits.

// Returns { value }, or { readings } where it may be one of two numbers, or {} where it is not a number.
export function readNumber(written) {
  const compact = written.trim().replace(/[\s\u00a0\u202f'’]/g, "").replace(/^[−–]/, "-");
  const grouped = compact.match(/^([+-]?\d{1,3})((?:[.,]\d{3})+)(?:([.,])(\d+))?$/);
  if (grouped) {
    const [, first, groups, mark, decimals] = grouped;
    const marks = new Set(groups.replace(/\d/g, ""));
    const whole = first + groups.replace(/\D/g, "");
    if (marks.size > 1) {
      // 1.234,567: the second mark is the decimal one, if it comes once.
      const clear = groups.match(/^((?:\.\d{3})+),(\d{3})$/) ?? groups.match(/^((?:,\d{3})+)\.(\d{3})$/);
      return clear && !mark ? { value: Number(`${first}${clear[1].replace(/\D/g, "")}.${clear[2]}`) } : {};
    }
    if (mark) return marks.has(mark) ? {} : { value: Number(`${whole}.${decimals}`) };
    if (groups.length > 4) return { value: Number(whole) };
    const decimal = `${first}.${groups.slice(1)}`;
    // 0,234 has no group of thousands.
    if (/^[+-]?0/.test(first)) return { value: Number(decimal) };
    return { readings: [decimal, whole] };
  }
  if (!/^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i.test(compact)) return {};
  const value = Number(compact.replace(",", "."));
  return Number.isFinite(value) ? { value } : {};
}
