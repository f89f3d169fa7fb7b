"""The privacy policy in operation: shown, remembered by stores, applied to what is held."""
