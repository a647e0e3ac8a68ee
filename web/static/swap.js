// Progressive enhancement for forms and links: <form data-swap="#list"> or <a data-swap="#board">.
// The server always answers with a whole page; we take the same element out of it. No partial routes.
{
let pending;
const swap = async (url, sel) => {
  pending?.abort();
  pending = new AbortController();
  const box = document.querySelector(sel);
  box.setAttribute('aria-busy', 'true');
  try {
    const r = await fetch(url, { signal: pending.signal });
    if (!r.ok || r.redirected) { location.href = r.redirected ? r.url : url; return; }
    const next = new DOMParser().parseFromString(await r.text(), 'text/html').querySelector(sel);
    if (!next) { location.href = url; return; }
    const put = () => {
      const id = document.activeElement?.id;
      box.replaceWith(next);
      if (id) document.getElementById(id)?.focus();
    };
    if (document.startViewTransition && !matchMedia('(prefers-reduced-motion: reduce)').matches) document.startViewTransition(put);
    else put();
    history.replaceState(null, '', url);
  } catch (e) {
    if (e.name !== 'AbortError') location.href = url;
  }
};
// Empty fields say nothing, so they stay out of the address.
const formUrl = form => {
  const url = new URL(form.action);
  url.search = new URLSearchParams([...new FormData(form)].filter(([, v]) => v !== ''));
  return url;
};
addEventListener('change', e => {
  const form = e.target.form;
  if (form?.dataset.swap && form.method === 'get') swap(formUrl(form), form.dataset.swap);
});
addEventListener('submit', e => {
  const form = e.target;
  if (form.dataset?.swap && form.method === 'get') { e.preventDefault(); swap(formUrl(form), form.dataset.swap); }
});
addEventListener('click', e => {
  const a = e.target.closest?.('a[data-swap]');
  if (a && !e.metaKey && !e.ctrlKey && !e.shiftKey && e.button === 0) { e.preventDefault(); swap(a.href, a.dataset.swap); }
});
}
