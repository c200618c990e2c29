'use strict';
// Brings the curves to life: a cross and the figures under the pointer or the arrow keys, and a legend that hides lines.
// Without it the page still shows everything.
for (const figure of document.querySelectorAll('figure.curves')) {
  const data = JSON.parse(figure.dataset.curves);
  const svg = figure.querySelector('.plot > svg');
  const cross = figure.querySelector('.cross');
  const tip = figure.querySelector('.tip');
  const curves = new Map();
  for (const g of figure.querySelectorAll('.curve')) curves.set(g.dataset.variant, g);
  const last = Math.max(...data.lines.map((l) => l[2].length)) - 1;
  let at = -1;

  const percentile = (i) => {
    const p = 100 * (1 - Math.pow(10, -i / 20));
    return i === 0 ? 'fastest' : 'p' + (p < 99 ? p.toFixed(0) : p.toFixed(Math.ceil(i / 20) - 1).replace(/0+$/, ''));
  };
  const plain = (ms) => (ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)) + ' ms';

  function show(i, pointerY) {
    at = Math.min(Math.max(i, 0), last);
    const x = at * data.step;
    cross.setAttribute('x1', x);
    cross.setAttribute('x2', x);
    cross.setAttribute('visibility', 'visible');
    const lines = data.lines.filter((l) => l[2].length > at && !curves.get(l[0]).classList.contains('off'));
    lines.sort((a, b) => b[2][at] - a[2][at]);
    const near = pointerY === undefined ? null : nearest(lines, pointerY);
    tip.replaceChildren(document.createTextNode(percentile(at)));
    for (const [name, style, ms] of lines) {
      const row = document.createElement('div');
      const label = document.createElement('span');
      label.textContent = name;
      row.className = style + (name === near ? ' near' : '');
      row.append(label, plain(ms[at]));
      tip.append(row);
    }
    for (const [name, g] of curves) g.classList.toggle('near', name === near);
    tip.hidden = false;
    const scale = svg.clientWidth / data.width;
    const left = (data.left + x) * scale;
    tip.style.left = (left > svg.clientWidth / 2 ? left - tip.offsetWidth - 12 : left + 12) + 'px';
  }

  function nearest(lines, pointerY) {
    let best = null;
    let distance = 40;
    for (const [name] of lines) {
      const path = curves.get(name).querySelector('.line');
      const box = path.getScreenCTM();
      const points = path.getAttribute('d').slice(1).split('L');
      const y = box.d * parseFloat(points[Math.min(at, points.length - 1)].split(' ')[1]) + box.f;
      if (Math.abs(y - pointerY) < distance) {
        distance = Math.abs(y - pointerY);
        best = name;
      }
    }
    return best;
  }

  function hide() {
    cross.setAttribute('visibility', 'hidden');
    tip.hidden = true;
    for (const g of curves.values()) g.classList.remove('near');
  }

  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) * data.width / box.width - data.left;
    show(Math.round(x / data.step), event.clientY);
  });
  svg.addEventListener('pointerleave', hide);
  svg.addEventListener('blur', hide);
  svg.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowRight') show(at + 1);
    else if (event.key === 'ArrowLeft') show(at - 1);
    else if (event.key === 'Escape') hide();
    else return;
    event.preventDefault();
  });
  for (const button of figure.querySelectorAll('.legend button')) {
    button.addEventListener('click', () => {
      const off = curves.get(button.dataset.variant).classList.toggle('off');
      button.setAttribute('aria-pressed', String(!off));
    });
  }
}
