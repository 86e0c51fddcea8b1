-- One aggregate at a time: a second one waits here, so that two cannot fill one window twice. Readers go on reading.
lock table dash_visits, dash_engagement in share row exclusive mode
