// Sections below the window: made when they come near it, so that the first picture of a page waits for nothing that cannot be seen.

const unmade = new Map();

/**
 * A section whose content `make()` gives, as a section with the same id or a promise of one, when it comes near the window, or earlier by
 * makeNext(). What it gives nothing for leaves the page.
 */
function lazySection(id, title, make) {
  const words = h("p", { class: "note" }, "…");
  const section = h("section", { class: "panel waiting", id }, h("div", { class: "head" }, h("h2", null, title)), words);
  const place = made => {
    section.classList.remove("waiting");
    if (!made) {
      section.remove();
      return;
    }
    section.refresh = made.refresh;
    section.replaceChildren(...made.childNodes);
    later(markAll);
  };
  // One section that cannot be made must not take the others along.
  const fail = error => {
    section.classList.remove("waiting");
    words.textContent = `This cannot be shown: ${error.message}`;
    console.error(error);
  };
  const build = () => {
    if (!unmade.delete(section)) return;
    watch.disconnect();
    try {
      const made = make();
      if (made instanceof Promise) made.then(place).catch(fail);
      else place(made);
    } catch (error) {
      fail(error);
    }
  };
  const watch = new IntersectionObserver(
    entries => {
      if (entries.some(e => e.isIntersecting)) build();
    },
    { rootMargin: "400px" },
  );
  unmade.set(section, { build, watch });
  return section;
}

/** Makes one more of the sections that wait; whether there was one. */
function makeNext() {
  for (const { build } of unmade.values()) {
    build();
    return true;
  }
  return false;
}

/** From now on sections are made as they come near the window: the page calls it when what is in the window is drawn. */
function watchWaiting() {
  for (const [section, { watch }] of unmade) watch.observe(section);
}
