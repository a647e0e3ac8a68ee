// Everything works without this file. It adds: "/" to search, the theme without a reload, copy buttons,
// forms that send themselves, and a read-out on charts.
{
const root = document.documentElement;

// The server sets the cookie; we only spare the reader the reload.
document.addEventListener('submit', e => {
  const form = e.target;
  if (!form.matches('[data-theme-form]') || !e.submitter) return;
  e.preventDefault();
  root.dataset.theme = e.submitter.value;
  fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form, e.submitter)), redirect: 'manual' });
  form.querySelectorAll('button').forEach(b => { if (b !== e.submitter) b.focus(); });
});

addEventListener('keydown', e => {
  if (e.key !== '/' || e.ctrlKey || e.metaKey || e.altKey || e.target.closest('input,textarea,select')) return;
  const field = [...document.querySelectorAll('input[type=search]')].find(f => f.offsetParent);
  if (field) { e.preventDefault(); field.focus(); }
});

// Copy buttons are in the page, hidden, because without script they could do nothing.
for (const button of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector('pre').textContent);
    const was = button.textContent;
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = was; }, 1600);
  });
}

// A link to something folded unfolds it.
const unfold = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!target) return;
  const closed = target.closest('details:not([open])') ?? (target.matches('details') ? target : null);
  for (let d = target.closest('details'); d; d = d.parentElement.closest('details')) d.open = true;
  if (closed) target.scrollIntoView();
};
addEventListener('hashchange', unfold);
unfold();

// The form of a challenge shows the fields of the chosen kind of goal only.
for (const kind of document.querySelectorAll('[data-kinds]')) {
  const parts = [...kind.form.querySelectorAll('[data-kind]')];
  const show = () => parts.forEach(p => { p.hidden = p.dataset.kind !== kind.value; p.open = !p.hidden; });
  kind.addEventListener('change', show);
  show();
}

// A field of several names is suggested the next one after a comma.
for (const field of document.querySelectorAll('[data-many]')) {
  const options = [...field.list.options].map(o => [o, o.value]);
  field.addEventListener('input', () => {
    const before = field.value.slice(0, field.value.lastIndexOf(',') + 1);
    for (const [option, value] of options) option.value = before ? `${before} ${value}` : value;
  });
}

// Chart read-out: the table below the chart is the data, so nothing is sent twice.
for (const fig of document.querySelectorAll('[data-chart]')) {
  const plot = fig.querySelector('.pl'), cursor = fig.querySelector('.cursor');
  const heads = [...fig.querySelectorAll('thead th')].map(t => t.textContent);
  const rows = [...fig.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.textContent));
  if (rows.length < 2) continue;
  const tip = Object.assign(document.createElement('div'), { className: 'tip', hidden: true });
  tip.setAttribute('aria-live', 'polite');
  fig.append(tip);
  let at = rows.length - 1;
  const show = i => {
    at = Math.max(0, Math.min(rows.length - 1, i));
    const f = at / (rows.length - 1);
    cursor.setAttribute('x1', f * 100 + '%');
    cursor.setAttribute('x2', f * 100 + '%');
    tip.replaceChildren(...rows[at].map((v, k) =>
      Object.assign(document.createElement(k ? 'div' : 'b'), { textContent: k ? `${heads[k]} ${v}` : v })));
    const p = plot.getBoundingClientRect(), b = fig.getBoundingClientRect();
    tip.style.setProperty('--x', p.left - b.left + f * p.width + 'px'); // the object model is allowed by style-src 'self'
    tip.classList.toggle('flip', f > .5);
    tip.hidden = false;
    fig.classList.add('on');
  };
  const hide = () => { tip.hidden = true; fig.classList.remove('on'); };
  plot.addEventListener('pointermove', e => {
    const p = plot.getBoundingClientRect();
    show(Math.round((e.clientX - p.left) / p.width * (rows.length - 1)));
  });
  plot.addEventListener('pointerleave', hide);
  plot.setAttribute('tabindex', '0');
  plot.addEventListener('focus', () => show(at));
  plot.addEventListener('blur', hide);
  plot.addEventListener('keydown', e => {
    const d = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (d) { e.preventDefault(); show(at + d); }
    if (e.key === 'Escape') hide();
  });
}
}
