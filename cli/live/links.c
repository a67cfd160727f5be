#include "live/links.h"

#include <stdio.h>

static void on_removed(void *data)
{
    live_link *const link = data;
    link->gone = true;
}

static void on_error(void *data, int seq, int res, const char *message)
{
    live_link *const link = data;
    (void)seq;
    (void)res;
    (void)message;
    link->gone = true;
}

static const struct pw_proxy_events events = {
    PW_VERSION_PROXY_EVENTS,
    .removed = on_removed,
    .error = on_error,
};

static void unlink_ports(live_link *link)
{
    spa_hook_remove(&link->hook);
    pw_proxy_destroy(link->proxy);
    link->proxy = NULL;
}

static void link_ports(links *l, live_link *link, link_wish wish)
{
    char from[16], to[16];
    snprintf(from, sizeof(from), "%u", wish.from);
    snprintf(to, sizeof(to), "%u", wish.to);
    const struct spa_dict_item items[] = {
        SPA_DICT_ITEM_INIT(PW_KEY_LINK_OUTPUT_PORT, from),
        SPA_DICT_ITEM_INIT(PW_KEY_LINK_INPUT_PORT, to),
        SPA_DICT_ITEM_INIT(PW_KEY_LINK_PASSIVE, l->passive ? "true" : "false"),
    };
    const struct spa_dict properties = SPA_DICT_INIT_ARRAY(items);
    *link = (live_link){.wish = wish};
    link->proxy = pw_core_create_object(l->core, "link-factory", PW_TYPE_INTERFACE_Link,
                                        PW_VERSION_LINK, &properties, 0);
    if (link->proxy)
        pw_proxy_add_listener(link->proxy, &link->hook, &events, link);
}

static bool is_wanted(const live_link *link, const link_wish *wishes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (wishes[i].from == link->wish.from && wishes[i].to == link->wish.to)
            return true;
    return false;
}

static bool exists(const links *l, link_wish wish)
{
    for (size_t i = 0; i < LINKS_MOST; i++)
        if (l->all[i].proxy && is_wanted(&l->all[i], &wish, 1))
            return true;
    return false;
}

void links_set(links *l, const link_wish *wishes, size_t count)
{
    for (size_t i = 0; i < LINKS_MOST; i++)
        if (l->all[i].proxy && (l->all[i].gone || !is_wanted(&l->all[i], wishes, count)))
            unlink_ports(&l->all[i]);
    for (size_t i = 0; i < count; i++)
        for (size_t free = 0; free < LINKS_MOST && !exists(l, wishes[i]); free++)
            if (!l->all[free].proxy)
                link_ports(l, &l->all[free], wishes[i]);
}

void links_close(links *l)
{
    links_set(l, NULL, 0);
}

bool links_broken(const links *l)
{
    for (size_t i = 0; i < LINKS_MOST; i++)
        if (l->all[i].proxy && l->all[i].gone)
            return true;
    return false;
}
