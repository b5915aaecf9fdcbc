// placeholder replaced by the native step
