"""Notifications by mail: the handler `email-notification`.

Add `django_jobs.contrib.notifications` to `INSTALLED_APPS`, then

    django_jobs.enqueue("email-notification", {"template": "welcome", "user_id": user.pk})
    django_jobs.enqueue("email-notification", {"template": "newsletter", "to": "reader@example.com",
                                               "data": {"subject": "In May", "text": "New rings."}})

A template is three files under `django_jobs/notifications/` in any template directory: `<name>.subject.txt`,
`<name>.txt` and, if there is to be HTML, `<name>.html`. A file of the same path in your own templates overrides the
shipped one; new names need no more than their files. Templates see `data`, and `user` when a `user_id` was given.

    welcome         data: name, site_name, action_url (none of them needed)
    password-reset  data: reset_url; or with a user_id, site_url: then the link is made when the mail is sent, so
                    that its token is never stored with the job
    newsletter      data: subject, text; name, action_url, unsubscribe_url (not needed)
"""
