/**
 * What runs inside the page under test. Each function is sent to the browser as text, so it uses nothing outside of
 * itself; the types of a browser are not among those of this project, so the script is text from the start.
 */

/** Text whose contrast is below what WCAG AA asks, as lines; empty when there is none. */
export const LOW_CONTRAST = `(() => {
  const channel = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const ratio = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const opaque = (text) => text !== 'none' && text !== 'transparent' && (rgb(text)[3] ?? 1) > 0;
  const behind = (element) => {
    for (let e = element; e !== null; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (opaque(colour)) return rgb(colour);
    }
    return [255, 255, 255];
  };
  // Under a text of a chart lies a cell or a bar, unless the text has a halo of the page's ground.
  const under = (text) => {
    const style = getComputedStyle(text);
    if (opaque(style.stroke)) return rgb(style.stroke);
    const box = text.getBoundingClientRect();
    const at = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const shape = at.find((e) => e.tagName === 'rect' && e.closest('svg') === text.closest('svg'));
    return shape === undefined ? behind(text.closest('div, figure')) : rgb(getComputedStyle(shape).fill);
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    if (element.tagName === 'SCRIPT' || !element.checkVisibility()) continue;
    const own = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join('');
    if (own === '') continue;
    const style = getComputedStyle(element);
    const svg = element.closest('svg') !== null;
    const value = svg ? ratio(rgb(style.fill), under(element)) : ratio(rgb(style.color), behind(element));
    const large = parseFloat(style.fontSize) >= 24;
    if (!(value >= (large ? 3 : 4.5))) found.push(value.toFixed(2) + ' ' + element.tagName + ' ' + own.slice(0, 40));
  }
  return found;
})()`;

/** What sticks out of the page to the right, or out of its chart, as lines. */
export const OVERFLOW = `(() => {
  const root = document.documentElement;
  const found = root.scrollWidth > root.clientWidth ? ['the page is ' + root.scrollWidth + ' wide'] : [];
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility() || element.closest('.scroll') !== null || element.closest('svg') !== null) continue;
    const { right, width } = element.getBoundingClientRect();
    if (width > 0 && right > root.clientWidth + 0.5) found.push(element.tagName + '.' + element.className + ' ends at ' + right);
  }
  for (const text of document.querySelectorAll('svg.plot text')) {
    if (!text.checkVisibility() || text.textContent === '') continue;
    const box = text.getBoundingClientRect();
    const svg = text.closest('svg').getBoundingClientRect();
    if (box.left < svg.left - 2 || box.right > svg.right + 2) found.push('outside of its chart: ' + text.textContent);
  }
  return found;
})()`;

/** What a reader meets: sections with the figures that can be seen, headings, and charts without words. */
export const OUTLINE = `(() => {
  const seen = (e) => e.checkVisibility() && e.getBoundingClientRect().height > 0;
  return {
    sections: [...document.querySelectorAll('main > section')].filter(seen).map(({ id }) => id),
    figures: [...document.querySelectorAll('figure')].map((f) => [...f.querySelectorAll('svg.plot')].filter(seen).length),
    levels: [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName.slice(1))),
    wordless: [...document.querySelectorAll('svg.plot')].filter((s) => (s.getAttribute('aria-label') ?? '').length < 20).length,
    unreachable: [...document.querySelectorAll('.scroll')].filter((s) => s.tabIndex !== 0).length,
    text: document.querySelector('main').innerText.length,
  };
})()`;
