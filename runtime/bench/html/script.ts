/**
 * The script of the page: where a pointer rests on a chart of curves, it tells what each has there. Everything that it
 * tells is also in the tables.
 */
export const SCRIPT = `
for (const box of document.querySelectorAll('.readout')) {
  const svg = box.querySelector('svg.plot');
  const { axis, lines } = JSON.parse(box.querySelector('script').textContent);
  const line = document.createElement('div');
  const tip = document.createElement('div');
  line.className = 'line';
  tip.className = 'tip';
  line.hidden = tip.hidden = true;
  tip.setAttribute('aria-hidden', 'true');
  box.append(line, tip);
  const units = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']];
  const three = (x) => Number(x.toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 });
  const shown = (x) => {
    if (axis.unit === 'bytes') return three(x) + ' B';
    if (axis.unit && axis.unit !== 'ns') return three(x) + ' ' + axis.unit;
    const [size, name] = units.find(([size]) => x >= size) ?? [1, 'ns'];
    return three(x / size) + ' ' + name;
  };
  const nearest = (points, x) =>
    points.reduce((best, p) => (Math.abs(Math.log(p[0] / x)) < Math.abs(Math.log(best[0] / x)) ? p : best), points[0]);
  const where = (x, at) => {
    if (axis.title !== 'percentile') return (at ?? x).toLocaleString('en-US') + ' ' + axis.title;
    const digits = Math.max(1, Math.ceil(Math.log10(x)) - 1);
    return (100 - 100 / x).toFixed(digits) + ' % took at most';
  };
  const hide = () => (line.hidden = tip.hidden = true);
  const move = (event) => {
    const place = svg.getBoundingClientRect();
    const share = (event.clientX - place.left) / place.width;
    const t = (share - axis.from) / (axis.to - axis.from);
    if (t < 0 || t > 1) return hide();
    const x = axis.least * (axis.most / axis.least) ** t;
    const found = lines.filter(({ points }) => points.length > 0).map((l) => [l, nearest(l.points, x)]);
    if (found.length === 0) return hide();
    const table = document.createElement('table');
    table.createCaption().textContent = where(axis.title === 'percentile' ? x : found[0][1][0], found[0][1][2]);
    for (const [{ name, colour }, point] of found.sort((a, b) => b[1][1] - a[1][1])) {
      const row = table.insertRow();
      const head = document.createElement('th');
      head.textContent = name;
      head.style.color = colour;
      row.append(head);
      row.insertCell().textContent = shown(point[1]);
    }
    tip.replaceChildren(table);
    line.hidden = tip.hidden = false;
    const offset = place.left - box.getBoundingClientRect().left + share * place.width;
    line.style.left = offset + 'px';
    tip.style.left = share > 0.55 ? '' : offset + 12 + 'px';
    tip.style.right = share > 0.55 ? box.clientWidth - offset + 12 + 'px' : '';
  };
  svg.addEventListener('pointermove', move);
  svg.addEventListener('pointerdown', move);
  svg.addEventListener('pointerleave', hide);
}
`;
